"""Where what is learned from comes from: worlds, packs and recordings, composed into items."""
