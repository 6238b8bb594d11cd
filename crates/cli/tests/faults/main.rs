//! The whole binary against a server that misbehaves, and against kills, full disks and other processes.
//!
//! What is paid is counted by the server, not by the program. No test waits for a clock: servers hold an answer back until
//! the test lets it go.

mod asking;
mod budget;
mod errors;
mod folder;
mod place;
mod planning;
mod server;
mod stopping;
mod votes;
