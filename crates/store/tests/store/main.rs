//! The store as others see it: through its public functions, and through its file.

#[cfg(test)]
mod budget;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verify;
