//! Runs a program and says what it took: seconds, CPU, memory.
//!
//! In: a command. Out: [`Measured`]. CPU comes from the kernel's account of the ended process; the peak of the memory too,
//! unless it is below this process's own peak: a child starts as a copy of its parent, and inherits the figure. Then
//! the highest value seen in `/proc` while it ran is taken. Linux only.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use wait4::Wait4;

/// What a process took so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Seconds of CPU, user and system.
    pub cpu_s: f64,
    /// Peak of the resident memory in MB (10^6 bytes).
    pub peak_rss_mb: f64,
}

/// What a program took and said.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// CPU and memory.
    pub usage: Usage,
    /// The exit status; `None` for a process that was killed.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Measured {
    /// The last lines of stderr, for an error message.
    pub fn last_words(&self) -> String {
        let lines: Vec<_> = self.stderr.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> Result<Measured> {
    run_at_most(command, None)
}

/// Runs a program and kills it with SIGKILL after `life`, unless it ended before.
///
/// # Errors
/// When it cannot be started.
pub fn run_and_kill(command: &mut Command, life: Duration) -> Result<Measured> {
    run_at_most(command, Some(life))
}

fn run_at_most(command: &mut Command, life: Option<Duration>) -> Result<Measured> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start `{program}`"))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let watch = Watch::start(child.id());
    if let Some(life) = life {
        wait_for_end(&mut child, start + life)?;
    }
    let ended = child.wait4()?;
    let wall_s = start.elapsed().as_secs_f64();
    let seen = watch.stop();
    let own = peak_rss("self").unwrap_or(0);
    let peak = if ended.rusage.maxrss > own { ended.rusage.maxrss } else { seen };
    Ok(Measured {
        wall_s,
        usage: Usage {
            cpu_s: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
            peak_rss_mb: peak as f64 / 1e6,
        },
        code: ended.status.code(),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    })
}

/// Waits until the process ends or `deadline` comes, and then kills it. The process stays to be waited for.
fn wait_for_end(child: &mut Child, deadline: Instant) -> Result<()> {
    while Instant::now() < deadline {
        if has_ended(child.id()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1).min(deadline.saturating_duration_since(Instant::now())));
    }
    Ok(child.kill()?)
}

fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    matches!(after_name(&stat).chars().next(), None | Some('Z' | 'X'))
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Looks at the peak of a process's memory until it ends.
struct Watch {
    peak: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    fn start(pid: u32) -> Watch {
        let peak = Arc::new(AtomicU64::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let (seen, over) = (peak.clone(), is_over.clone());
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                if let Some(bytes) = peak_rss(&pid.to_string()) {
                    seen.fetch_max(bytes, Ordering::Relaxed);
                }
                std::thread::park_timeout(Duration::from_millis(10));
            }
        });
        Watch { peak, is_over, thread }
    }

    fn stop(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        let _ = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}

/// What this process took so far, from `/proc`; CPU in steps of 10 ms.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn own_usage() -> Result<Usage> {
    let peak = peak_rss("self").context("`/proc/self/status` has no peak")?;
    Ok(Usage {
        cpu_s: cpu_s("self").context("`/proc/self/stat` has no CPU times")?,
        peak_rss_mb: peak as f64 / 1e6,
    })
}

/// Seconds of CPU of a running process, in steps of 10 ms; `pid` may be `self`.
pub fn cpu_s(pid: &str) -> Option<f64> {
    read_cpu(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn peak_rss(pid: &str) -> Option<u64> {
    read_peak(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn read_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn read_cpu(stat: &str) -> Option<f64> {
    // Fields 14 and 15 are user and system time in ticks; the state after the name is field 3. Linux on the machines
    // that matter ticks 100 times a second for user space.
    let mut fields = after_name(stat).split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks as f64 / 100.0)
}

/// The fields after the name, which may itself hold blanks and parentheses.
fn after_name(stat: &str) -> &str {
    stat.rsplit_once(')').map_or("", |(_, fields)| fields.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_process_is_read_past_its_name() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(read_cpu(stat), Some(3.0));
        assert_eq!(after_name(stat).chars().next(), Some('S'));
    }

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(read_peak("Name:\tx\nVmHWM:\t    1608 kB\nVmRSS:\t 1 kB\n"), Some(1608 * 1024));
        assert_eq!(read_peak("Name:\tx\n"), None);
    }

    #[test]
    fn a_program_is_measured_and_heard() {
        let ran = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), ("out\n", "err\n", Some(3)));
        assert!(ran.usage.cpu_s > 0.0 && ran.wall_s > 0.0, "{ran:?}");
    }

    #[test]
    fn a_program_that_lives_too_long_is_killed() {
        let ran = run_and_kill(Command::new("sleep").arg("60"), Duration::from_millis(20)).unwrap();
        assert_eq!(ran.code, None);
        assert!(ran.wall_s < 30.0);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        assert!(
            run(&mut Command::new("no-such-program")).unwrap_err().to_string().contains("`no-such-program`")
        );
    }
}
