"""The command ``avloc``. Libraries for learning are imported by the commands that need them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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
ImageTopic = Annotated[str, typer.Option(help='Of bags with several cameras; else found by its type.')]
AudioTopic = Annotated[str, typer.Option(help='Of bags with several microphones; else found by its type.')]
Pack = Annotated[Path | None, typer.Option(help='Directory of photos and recordings with an INDEX.csv.')]

_DISTRIBUTIONS = {'cv2': 'opencv-python-headless', 'faiss': 'faiss-cpu'}


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
        distribution = _DISTRIBUTIONS.get(str(error.name), error.name)
        typer.echo(f'{error.name} is not installed; "pip install {distribution}" brings it.', err=True)
        raise typer.Exit(1) from None


@app.command()
def train(
    out: Annotated[Path, typer.Argument(help='Directory for checkpoints and logs.')],
    rung: Annotated[str, typer.Option(help='paper (its recipe), label-free (our best without labels), or '
                                           'taught (names and teachers first).')] = 'taught',
    network: Annotated[str, typer.Option(help='avol (localises), ave or l3 (retrieval).')] = 'avol',
    pack: Pack = None,
    videos: Annotated[Path | None, typer.Option(help='Directory of video files.')] = None,
    bags: Annotated[Path | None, typer.Option(help='Directory of rosbag2 recordings.')] = None,
    image_topic: ImageTopic = '',
    audio_topic: AudioTopic = '',
    teachers: Annotated[Path | None, typer.Option(help='Directory of teachers, for the rung taught.')] = None,
    start: Annotated[str | None, typer.Option(
        help='Model to go on from: checkpoint of another run, directory of a bundle, or name of a shipped '
             'one.')] = None,
    agree_with: Annotated[list[str] | None, typer.Option(
        help='As --start: a further network that the stage agreement learns from; may be repeated.')] = None,
    simulated_share: Annotated[float, typer.Option(min=0, max=1, help='Of simulated items.')] = 1 / 4,
    minutes: Annotated[float, typer.Option(min=0, help='Length of the run; its stages divide it.')] = 60,
    steps: Annotated[int | None, typer.Option(
        min=1, help='Length of the run in steps, instead of minutes.')] = None,
    stage: Annotated[list[str] | None, typer.Option(
        help='Budget of one stage: avc=1100 (steps) or pictures=38min; may be repeated.')] = None,
    batch: Annotated[int | None, typer.Option(
        min=2, help='Pairs per step and process, of all stages but pictures and sounds.')] = None,
    rate: Annotated[float | None, typer.Option(
        min=0, help='Highest learning rate of all stages but pictures and sounds.')] = None,
    curriculum: Annotated[int, typer.Option(min=0, help='Scenes until one more object is in view.')] = 4000,
    width: Annotated[int, typer.Option(min=1, help='Channels of the first block; the paper has 64.')] = 32,
    embedding: Annotated[int, typer.Option(min=1, help='Length of the embeddings, of avol and ave.')] = 128,
    seed: Annotated[int, typer.Option(min=0, help='Of the weights and of all that is drawn.')] = 1,
    workers: Annotated[int | None, typer.Option(
        min=0, help='Processes that compose items; else cores - 1.')] = None,
    resume: Annotated[bool, typer.Option(help='Go on from the last checkpoint in OUT.')] = False,
) -> None:
    """Learn from simulated scenes, photos and recordings of a pack, videos, and bags."""
    # Threads that wait by spinning starve the processes that compose items.
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    with _plainly():
        from ros2_avloc.learning.training.learn import learn
        from ros2_avloc.learning.training.recipe import Recipe

        if workers is None:
            cores = len(os.sched_getaffinity(0))
            workers = max(1, cores // int(os.environ.get('LOCAL_WORLD_SIZE', '1')) - 1)
        begin = None if start is None else _model(start)
        others = tuple(map(_model, agree_with or ()))
        recipe = Recipe(rung, network, pack, videos, bags, image_topic, audio_topic, teachers, begin, others,
                        simulated_share, length=minutes if steps is None else steps, in_minutes=steps is None,
                        stages=tuple(stage or ()), batch=batch, rate=rate, curriculum=curriculum, width=width,
                        embedding=embedding, seed=seed, workers=workers)
        learn(recipe, out, resume=resume, say=typer.echo)


def _model(name: str) -> Path:
    """Return a checkpoint, or the directory of a bundle."""
    from ros2_avloc.share import bundle_path

    return Path(name) if Path(name).is_file() else bundle_path(name)


@app.command()
def evaluate(
    bundle: Annotated[str | None, typer.Option(
        help='Directory of a model, or name of a shipped one.')] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(
        help='Of AVE-Net or L3-Net, to compare for retrieval; may be repeated.')] = None,
    pack: Pack = None,
    split: Annotated[str, typer.Option(help='Split of the pack.')] = 'val',
    videos: Annotated[Path | None, typer.Option(help='JSON of boxes beside video files.')] = None,
    bags: Annotated[Path | None, typer.Option(help='rosbag2 recordings with a topic …/truth.')] = None,
    image_topic: ImageTopic = '',
    audio_topic: AudioTopic = '',
    simulated: Annotated[bool, typer.Option(help='Measure on simulated scenes.')] = True,
    microphone_rate: Annotated[int | None, typer.Option(
        min=2000, max=48_000, help='Hear all sounds as a microphone of this many Hz gives them.')] = None,
    json: Annotated[Path | None, typer.Option(help='File for the figures.')] = None,
    report: Annotated[Path | None, typer.Option(
        help='File for the report with pictures; without it, that of --json ending in .html.')] = None,
    scenes: Annotated[int, typer.Option(min=2, help='Scenes with one, two and three objects each.')] = 300,
    engine: Annotated[str, typer.Option(help='auto, openvino or onnxruntime.')] = 'auto',
) -> None:
    """Measure a bundle on simulated scenes, scenes composed from a pack, videos with boxes, and bags."""
    with _plainly():
        from ros2_avloc.learning.report.evaluating import Request, evaluated
        from ros2_avloc.recordings.topics import Named
        from ros2_avloc.share import bundle_path

        model = None if bundle is None else bundle_path(bundle)
        report = report or (json and json.with_suffix('.html'))
        typer.echo(evaluated(Request(model, tuple(checkpoint or ()), pack, split, videos, bags,
                                     Named(image_topic, audio_topic), simulated, microphone_rate, scenes,
                                     engine, json, report)))


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help='Of avloc train, e.g. runs/avolnet/avc/last.ckpt.')],
    bundle: Annotated[Path, typer.Argument(help='Directory to write the model to.')],
    mean_with: Annotated[list[Path] | None, typer.Option(
        help='Checkpoint of another run of the same network: the mean of the weights is exported; may be '
             'repeated.')] = None,
    pack: Pack = None,
    videos: Annotated[Path | None, typer.Option(help='Directory of video files, as in training.')] = None,
    bags: Annotated[Path | None, typer.Option(
        help='Directory of rosbag2 recordings, as in training.')] = None,
    image_topic: ImageTopic = '',
    audio_topic: AudioTopic = '',
    name: Annotated[str | None, typer.Option(help='Name of the model; without it avolnet or avenet.')] = None,
    scenes: Annotated[int, typer.Option(min=2, help='Scenes per row of the table in the model card.')] = 200,
) -> None:
    """Fit what makes probabilities, write a bundle of AVOL-Net or AVE-Net, measure it, write its card."""
    with _plainly():
        from ros2_avloc.learning.bundling.exporting import export_bundle
        from ros2_avloc.recordings.topics import Named

        recorded = {name: folder for name, folder in (('videos', videos), ('bags', bags)) if folder}
        typer.echo(export_bundle(checkpoint, bundle, pack, recorded=recorded,
                                 named=Named(image_topic, audio_topic), mean_with=mean_with or (), name=name,
                                 scenes=scenes))


@app.command()
def search(
    folder: Annotated[Path, typer.Argument(help='Folder of videos, bags, sounds and photos.')],
    query: Annotated[str | None, typer.Argument(
        help='A photo, a sound, or a moment of a recording as in kitchen.mp4@12.5 (seconds); without it '
             'the index is brought up to date.')] = None,
    find: Annotated[str, typer.Option(help='looks, sounds or both.')] = 'both',
    count: Annotated[int, typer.Option(min=1, help='Hits of each kind.')] = 8,
    every: Annotated[float, typer.Option(min=0.1, help='Seconds between moments.')] = 1.0,
    index: Annotated[Path | None, typer.Option(help='File of the index; else in FOLDER.')] = None,
    sheet: Annotated[Path, typer.Option(help='File of the contact sheet.')] = Path('avloc-search.png'),
    bundle: Annotated[str, typer.Option(help='Directory of an AVE-Net, or a shipped one.')] = 'avenet',
    image_topic: ImageTopic = '',
    audio_topic: AudioTopic = '',
) -> None:
    """Find moments of recordings that look like or sound like a photo, a sound, or another moment."""
    with _plainly():
        from rich.console import Console

        from ros2_avloc.recordings.topics import Named
        from ros2_avloc.retrieval.command import Wish, run

        topics = Named(image_topic, audio_topic)
        run(Wish(folder, query, find, count, every, index, sheet, bundle, topics), Console(), _to_stderr)


@app.command()
def run(
    recording: Annotated[Path, typer.Argument(help='A video file or a rosbag2 recording.')],
    out: Annotated[Path | None, typer.Argument(
        help='Folder to make, for the bag and the overlay video; else RECORDING-avloc, here.')] = None,
    param: Annotated[list[str] | None, typer.Option(
        '--param', '-p', help='A parameter of the node, as sources.threshold:=0.5; may be repeated.')] = None,
    params_file: Annotated[Path | None, typer.Option(
        help='Parameters of the node, as config/avloc.yaml.')] = None,
    image_topic: ImageTopic = '',
    audio_topic: AudioTopic = '',
) -> None:
    """Look at a recording as the node does; write what it would publish into a bag, and an overlay video."""
    with _plainly():
        from rich.console import Console

        from ros2_avloc.node.given import given_settings
        from ros2_avloc.node.run import run as run_through
        from ros2_avloc.recordings.topics import Named

        name = recording.resolve().name if recording.is_dir() else recording.stem
        run_through(recording, out or Path(f'{name}-avloc'), given_settings(params_file, param or ()),
                    Named(image_topic, audio_topic), Console())


@app.command()
def doctor(
    bundle: Annotated[str, typer.Option(help='Directory of a model, or name of a shipped one.')] = 'avolnet',
    wait: Annotated[float, typer.Option(min=0, help='Seconds to wait for camera and microphone.')] = 3.0,
) -> None:
    """Say what is there of what the node needs, and what to do about what is not; 1 if something lacks."""
    with _plainly():
        from rich.console import Console

        from ros2_avloc.node.doctor import examine

        if not examine(bundle, wait, Console()):
            raise typer.Exit(1)


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
                                progress=_news_to_stderr(), warn=_to_stderr)
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


def _news_to_stderr() -> Callable[[str], None]:
    """Return what writes a sentence unless it is the same as the last one."""
    last = ''

    def tell(sentence: str) -> None:
        nonlocal last
        if sentence != last:
            last = sentence
            _to_stderr(sentence)

    return tell


if __name__ == '__main__':
    app()
