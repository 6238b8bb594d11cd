//! The whole binary against a server that misbehaves, and against kills, full disks and other processes.
//!
//! What is paid is counted by the server, not by the program. No test waits for a clock: servers hold an answer back until
//! the test lets it go.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod judges;
#[cfg(test)]
mod place;
#[cfg(test)]
mod planning;
#[cfg(test)]
mod server;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod tiers;
#[cfg(test)]
mod vendor;
#[cfg(test)]
mod votes;
#[cfg(test)]
mod ways;
