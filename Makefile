# Each target calls a chore of `xtask`, where the logic lives. `cargo xtask` lists them.
.PHONY: demo test test-peers fuzz bench tidy cc

demo: cc ## build karat and run the projects in examples/, offline
	@cargo xtask demo

test: cc ## format, lints, tests, doc tests, tidy
	@cargo xtask test

test-peers: cc ## compare with other people's programs
	@cargo xtask test-peers

fuzz: cc ## the tests over made-up input, with many cases
	@cargo xtask fuzz

bench: cc ## the benchmarks, in release
	@cargo xtask bench

tidy: cc ## the rules of the house
	@cargo xtask tidy

# Rust links with a C compiler, and SQLite is compiled by one: without it not even xtask can be built.
cc:
	@command -v cc >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -qy build-essential; } \
		|| { echo "error: no C compiler; on Debian: sudo apt-get install build-essential" >&2; exit 2; }
