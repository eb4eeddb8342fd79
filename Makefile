# Each target sets up what it needs (the first time about a minute, then nothing), then runs one command.

PYTHON ?= python3
SETUP := $(PYTHON) environment/bootstrap.py

# What is started here talks to this machine alone.
export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST

.PHONY: help demo test bench lint clean

help:
	@echo 'make demo    simulator, node and checker for 30 s; writes demo/'
	@echo 'make test    every test'
	@echo 'make bench   the benchmarks, or some: make bench SECTIONS="stages dds"; writes benchmark/results/'
	@echo '             with PACK=DIRECTORY also on the photos and recordings of a pack'
	@echo 'make lint    ruff and mypy'
	@echo 'make clean   removes what the others wrote, but not the set-up (.venv)'

demo:
	@$(SETUP) -- python -m ros2_avloc.node.demo

test:
	@ROS_PYTHON_CHECK_FIELDS=1 $(SETUP) learning test -- python -m pytest test/learning --numprocesses 2 --dist loadfile
	@ROS_PYTHON_CHECK_FIELDS=1 $(SETUP) learning test -- python -m pytest --ignore test/learning

bench:
	@$(SETUP) learning -- python -m benchmark.run $(SECTIONS) $(addprefix --pack ,$(PACK))

lint:
	@$(SETUP) learning test -- ruff check
	@$(SETUP) learning test -- mypy

clean:
	rm -rf build install log demo .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
