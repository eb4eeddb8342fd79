"""The command ``avloc``. Libraries for learning are imported by the commands that need them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ros2_avloc.errors import AvlocError

app = typer.Typer(help='Where, in what a robot sees, the sound that it hears comes from.',
                  no_args_is_help=True, pretty_exceptions_enable=False)

engine = typer.Typer(help='Build the TensorRT engine ahead of time; list and remove what is kept.',
                     no_args_is_help=True)
app.add_typer(engine, name='engine')

CacheDir = Annotated[Path | None, typer.Option(help='Where they are kept; else ~/.cache/ros2_avloc/engines.')]
Pack = Annotated[Path | None, typer.Option(help='Directory of photos and recordings with an INDEX.csv.')]


@app.callback()
def _avloc() -> None:
    pass


@contextmanager
def _plainly() -> Iterator[None]:
    """Show errors that are meant for a person without a traceback."""
    try:
        yield
    except AvlocError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        typer.echo(f'{error.name} is not installed; "pip install {error.name}" brings it.', err=True)
        raise typer.Exit(1) from None


@app.command()
def train(
    out: Annotated[Path, typer.Argument(help='Directory for checkpoints and logs.')],
    pack: Pack = None,
    teachers: Annotated[Path | None, typer.Option(help='Directory of the teachers for a warm start.')] = None,
    warm_steps: Annotated[int, typer.Option(help='Steps of the warm start, 8 new scenes each.')] = 1500,
    categories: Annotated[bool, typer.Option(help='Learn from categories too: names of single things, then '
                                                  'tags of whole scenes; never places.')] = True,
    naming_steps: Annotated[int, typer.Option(help='Steps of naming objects, and sounds, 64 each.')] = 2000,
    steps: Annotated[int, typer.Option(help='Steps of AVC training.')] = 2500,
    batch: Annotated[int, typer.Option(help='Scenes per step of AVC training.')] = 64,
    rate: Annotated[float, typer.Option(help='Learning rate of AVC training.')] = 1e-3,
    curriculum: Annotated[int, typer.Option(help='Scenes until one more object is in view; 0: none.')] = 4000,
    width: Annotated[int, typer.Option(help='Channels of the first block; the paper has 64.')] = 32,
    seed: Annotated[int, typer.Option(help='Of the weights and the scenes.')] = 1,
    workers: Annotated[int, typer.Option(help='Processes that compose scenes.')] = 1,
    resume: Annotated[bool, typer.Option(help='Go on from the last checkpoint in OUT.')] = False,
) -> None:
    """Learn AVOL-Net from simulated scenes, and from a pack's photos and recordings."""
    # Threads that wait by spinning starve the process that composes scenes.
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    with _plainly():
        from ros2_avloc.learning.recipes import Recipe, learn

        recipe = Recipe(pack, teachers, warm_steps, naming_steps, categories, steps, batch, rate, curriculum,
                        width, seed, workers)
        learn(recipe, out, resume=resume)


@app.command()
def evaluate(
    bundle: Annotated[Path, typer.Option(help='Directory of the model.')],
    pack: Pack = None,
    split: Annotated[str, typer.Option(help='Split of the pack.')] = 'val',
    videos: Annotated[Path | None, typer.Option(help='JSON of boxes beside video files.')] = None,
    bags: Annotated[Path | None, typer.Option(help='rosbag2 recordings with a topic …/truth.')] = None,
    simulated: Annotated[bool, typer.Option(help='Measure on simulated scenes.')] = True,
    json: Annotated[Path | None, typer.Option(help='File for the figures.')] = None,
    report: Annotated[Path | None, typer.Option(help='File for the report with pictures, .html.')] = None,
    scenes: Annotated[int, typer.Option(min=1, help='Scenes with one, two and three objects each.')] = 300,
    engine: Annotated[str, typer.Option(help='auto, openvino or onnxruntime.')] = 'auto',
) -> None:
    """Measure a bundle on simulated scenes, scenes composed from a pack, videos with boxes, and bags."""
    with _plainly():
        from ros2_avloc.learning import measuring

        sets = measuring.composed_sets(pack, split, scenes, simulated=simulated)
        sets |= measuring.recorded_sets(videos, bags)
        measured = measuring.evaluate(bundle, sets, measuring.set_aside(pack, scenes), engine=engine)
        typer.echo(measuring.table(measured.report))
        if json is not None:
            measuring.write_json(measured.report, json)
        if report is not None:
            measuring.write_report(measured, report)


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help='Of avloc train, e.g. runs/avolnet/avc/last.ckpt.')],
    bundle: Annotated[Path, typer.Argument(help='Directory to write the model to.')],
    pack: Pack = None,
    name: Annotated[str | None, typer.Option(help='Name of the model; without it avolnet or avenet.')] = None,
    scenes: Annotated[int, typer.Option(help='Scenes per row of the table in the model card.')] = 200,
) -> None:
    """Fit what makes probabilities, write a bundle of AVOL-Net or AVE-Net, measure it, write its card."""
    with _plainly():
        from ros2_avloc.learning.bundling import export_bundle

        typer.echo(export_bundle(checkpoint, bundle, pack, name=name, scenes=scenes))


@engine.command()
def build(
    bundle: Annotated[str, typer.Option(help='Directory of a model, or name of a shipped one.')] = 'avolnet',
    precision: Annotated[str, typer.Option(help='auto, fp16 or fp32.')] = 'auto',
    cache_dir: CacheDir = None,
    level: Annotated[int, typer.Option(min=0, max=5, help='How long it tries: 0 shortest, 5 longest.')] = 3,
    workspace: Annotated[int, typer.Option(min=16, help='Most memory of the GPU, MiB.')] = 1024,
) -> None:
    """Build what this machine lacks, and check it."""
    with _plainly():
        from ros2_avloc.model.engines.manage import build_engine
        from ros2_avloc.model.engines.options import EngineOptions
        from ros2_avloc.share import bundle_path

        options = EngineOptions(cache_dir=cache_dir, level=level, workspace=workspace << 20,
                                progress=_to_stderr, warn=_to_stderr)
        typer.echo(build_engine(bundle_path(bundle), precision, options))


@engine.command('list')
def list_(cache_dir: CacheDir = None) -> None:
    """List what is kept."""
    with _plainly():
        from ros2_avloc.model.engines.manage import list_engines

        typer.echo(list_engines(cache_dir))


@engine.command()
def remove(
    names: Annotated[list[str] | None, typer.Argument(help='As avloc engine list has them.')] = None,
    everything: Annotated[bool, typer.Option('--all', help='Remove all.')] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Remove what is kept."""
    if bool(names) == everything:
        raise typer.BadParameter('Give names, or --all.')
    with _plainly():
        from ros2_avloc.model.engines.manage import remove_engines

        for name in remove_engines(cache_dir, names or []):
            typer.echo(f'{name} is removed.')


def _to_stderr(sentence: str) -> None:
    typer.echo(sentence, err=True)


if __name__ == '__main__':
    app()
