"""``avloc search`` from its arguments to its table and picture, and its errors."""

import re
import subprocess
import sys

import cv2
import pytest
from typer.testing import CliRunner

from ros2_avloc.cli import app


@pytest.fixture
def search(avenet, tmp_path, monkeypatch):
    monkeypatch.setenv('COLUMNS', '120')

    def call(*arguments, code=0):
        options = '--sheet', tmp_path / 'sheet.png', '--bundle', avenet.path
        result = CliRunner().invoke(app, ['search', *map(str, (*options, *arguments))])
        assert result.exit_code == code, result.output
        assert 'Traceback' not in result.output
        return result

    return call


def tables(output):
    """Rows of each table by its title: recording, time, level, distance and perhaps a probability."""
    found, title = {}, None
    for line in output.splitlines():
        if ', of ' in line:
            title = line.split(', of ')[0]
            found[title] = []
        elif line.startswith('│'):
            found[title].append([cell.strip() for cell in line.strip('│').split('│')][1:])
    return found


def test_a_photo_finds_what_looks_and_what_sounds_so(search, folder, make, tmp_path):
    photo = make.photo(tmp_path / 'blue.png', 'blue')
    result = search(folder, photo)
    found = tables(result.stdout)
    assert list(found) == ['looks like it', 'sounds like what is seen']
    assert [len(rows) for rows in found.values()] == [3, 3]
    assert found['looks like it'][0][0] == found['sounds like what is seen'][0][0] == 'deep/er/blue.mp4'
    assert found['sounds like what is seen'][0][4].endswith('%')
    assert len(found['looks like it'][0]) == 4
    assert re.search(r'9 moments of 3 recordings; 9 moments of 3 recordings embedded now, [\d.]+ a second',
                     result.stderr)
    assert f'The contact sheet is {tmp_path / "sheet.png"}' in result.stderr
    assert cv2.imread(str(tmp_path / 'sheet.png')).shape[1] == 1232


def test_a_sound_finds_what_sounds_and_what_looks_so(search, folder, make, tmp_path):
    sound = make.write(tmp_path / 'high.flac', None, make.tone(make.HERTZ['green'], 2.5))
    found = tables(search(folder, sound).stdout)
    assert list(found) == ['sounds like it', 'looks like what is heard']
    assert [rows[0][0] for rows in found.values()] == ['deep/green.mkv'] * 2


def test_a_moment_finds_itself_and_options_are_heeded(search, folder):
    found = tables(search(folder, 'red.mp4@2', '--count', '2').stdout)
    assert [rows[0][0] for rows in found.values()] == ['red.mp4'] * 4
    assert [len(rows) for rows in found.values()] == [2] * 4
    assert float(found['looks like it'][0][3]) < 0.05
    found = tables(search(folder, 'red.mp4@2', '--find', 'sounds').stdout)
    assert list(found) == ['sounds like it', 'sounds like what is seen']


def test_without_a_query_the_index_is_brought_up_to_date(search, folder, tmp_path):
    (folder / 'broken.mp4').write_bytes(b'no video')
    index = tmp_path / 'elsewhere.npz'
    result = search(folder, '--index', index)
    assert index.is_file() and not (folder / '.avloc-search.npz').exists()
    assert 'Left out, because unreadable: 1.' in result.stderr
    assert 'broken.mp4 cannot be read' in result.stderr
    assert result.stdout == '' and not (tmp_path / 'sheet.png').exists()
    (folder / 'red.mp4').unlink()
    assert 'Forgotten, because gone: 1.' in search(folder, '--index', index).stderr


def test_another_bundle_makes_the_index_anew(search, folder, make, tmp_path):
    search(folder)
    make.bundle(tmp_path / 'other', seed=6)
    result = search(folder, '--bundle', tmp_path / 'other')
    assert 'was made with another bundle; it is made anew.' in result.stderr
    assert '9 moments of 3 recordings embedded now' in result.stderr


def test_simulated_things_are_told_apart_by_their_moments(search, make, tmp_path):
    folder = tmp_path / 'films'
    folder.mkdir()
    for seed, kind in enumerate(('dog', 'telephone', 'kettle')):
        make.film(folder / f'{kind}.mp4', kind, seed)
    for kind in ('dog', 'telephone', 'kettle'):
        found = tables(search(folder, f'{kind}.mp4@2').stdout)
        assert found['looks like it'][0][0] == found['sounds like it'][0][0] == f'{kind}.mp4'


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (['{folder}', 'none.png'], 'There is no none.png'),
    (['{folder}/none'], 'does not exist; give a folder'),
    (['{empty}'], 'holds no recording'),
    (['{folder}', 'red.mp4'], 'Say which moment'),
    (['{folder}', 'red.mp4@2', '--find', 'smells'], '--find is both, looks, sounds; not smells.'),
    (['{folder}', '--bundle', '{empty}'], 'bundle.json cannot be read'),
    (['{folder}', '--bundle', 'models/avolnet'], 'an AVE-Net bundle such as models/avenet is needed'),
    (['{folder}', '--bundle', 'nosuchnet'], 'There is no AVE-Net to search with'),
    (['{folder}', '--index', '{empty}/none/index.npz'], 'index.npz cannot be written'),
    (['{folder}', '--index', '{folder}/red.mp4'], 'red.mp4 is no index of avloc search'),
    (['{folder}', 'red.mp4@2', '--sheet', '{empty}/none/a.png'], 'The contact sheet'),
    (['{folder}', 'red.mp4@2', '--sheet', '{empty}'], 'The contact sheet'),
])
def test_errors_are_one_clear_sentence(search, folder, tmp_path, arguments, sentence):
    (tmp_path / 'empty').mkdir()
    filled = [part.format(folder=folder, empty=tmp_path / 'empty') for part in arguments]
    before = {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
    result = search(*filled, code=1)
    assert sentence in result.stderr.splitlines()[-1]
    assert {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()} == before


def test_searching_needs_neither_torch_nor_ros():
    code = ('import sys, ros2_avloc.retrieval.command; '
            "print(sorted({'torch', 'lightning', 'rclpy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


def test_an_absent_library_is_said_so_by_the_name_that_pip_knows(search, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, 'faiss', None)
    for name in [name for name in sys.modules if name.startswith('ros2_avloc.retrieval')]:
        monkeypatch.delitem(sys.modules, name)
    result = search(folder, code=1)
    assert 'faiss is not installed; "pip install faiss-cpu" brings it.' in result.stderr


def test_a_bag_is_searched(search, tmp_path, make):
    folder = tmp_path / 'bags'
    folder.mkdir()
    make.bag(folder / 'kitchen', 'green')
    make.bag(folder / 'yard', 'blue')
    found = tables(search(folder, 'yard@2').stdout)
    assert [(rows[0][0], len(rows)) for rows in found.values()] == [('yard', 2)] * 4
    found = tables(search(folder / 'kitchen', make.photo(tmp_path / 'green.png', 'green')).stdout)
    assert [rows[0][0] for rows in found.values()] == ['kitchen'] * 2
