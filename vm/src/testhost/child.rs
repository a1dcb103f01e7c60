//! A running process.

use anyhow::{Context as _, Result, bail, ensure};
use parking_lot::Mutex;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A process that is killed when this value goes.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// The pipes of a process that has ended are read for so long.
const PIPES_MAX: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How, in the system's words.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
    /// How long it was waited for.
    pub took: Duration,
}

impl Running {
    /// Starts a command and listens to what it says.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let (out, err) = (Arc::default(), Arc::default());
        let readers = [
            child.stdout.take().map(|pipe| listen(pipe, Arc::clone(&out))),
            child.stderr.take().map(|pipe| listen(pipe, Arc::clone(&err))),
        ];
        Ok(Self { child, out, err, readers: readers.into_iter().flatten().collect() })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory, kB.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn memory_kb(&self) -> Result<u64> {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.id()))?;
        Ok(pages.split(' ').nth(1).context("resident pages")?.parse::<u64>()? * 4)
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn out(&self) -> String {
        self.out.lock().clone()
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn err(&self) -> String {
        self.err.lock().clone()
    }

    /// Sends a signal by its name, as in `TERM`.
    ///
    /// # Errors
    /// When there is no such signal or process.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        ensure!(sent.context("running kill")?.success(), "kill -{name} {}", self.id());
        Ok(())
    }

    /// Sends a signal to its process group, which it leads.
    ///
    /// # Errors
    /// When there is no such signal or group.
    pub fn signal_group(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([format!("-{name}"), "--".to_owned(), format!("-{}", self.id())]).status();
        ensure!(sent.context("running kill")?.success(), "kill -{name} -{}", self.id());
        Ok(())
    }

    /// Kills it, which it does not see coming.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<Ended> {
        self.child.kill().context("killing a process")?;
        self.wait(Duration::from_secs(5))
    }

    /// Waits for the rest of the first line of standard output that starts with `start`.
    ///
    /// # Errors
    /// When it does not come in time, or the process ends first; with what the process said.
    pub fn line(&mut self, start: &str, within: Duration) -> Result<String> {
        let since = Instant::now();
        loop {
            let ended = self.child.try_wait().context("asking for a process")?;
            let said = self.out.lock().clone();
            let complete = said.rfind('\n').and_then(|end| said.get(..end)).unwrap_or_default();
            if let Some(line) = complete.lines().find_map(|line| line.strip_prefix(start)) {
                return Ok(line.trim().to_owned());
            }
            if let Some(status) = ended {
                bail!("it ended with {status} before it said {start:?}: {}", self.err());
            }
            ensure!(since.elapsed() < within, "it did not say {start:?} within {within:?}: {said} {}", self.err());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for a text on standard error.
    ///
    /// # Errors
    /// When it does not come in time; with what the process said.
    pub fn complaint(&self, text: &str, within: Duration) -> Result<()> {
        let since = Instant::now();
        while !self.err().contains(text) {
            ensure!(since.elapsed() < within, "no {text:?} within {within:?}: {}", self.err());
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Whether it has not ended yet.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait().context("asking for a process")?.is_none())
    }

    /// Waits for its end, however long it takes, and for the last that it said.
    ///
    /// # Errors
    /// When the system does not say.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        const PAUSE: Duration = Duration::from_millis(5);
        let status = loop {
            if let Some(status) = self.child.try_wait().context("asking for a process")? {
                break status;
            }
            tokio::time::sleep(PAUSE).await;
        };
        let ended = Instant::now();
        // What it started may hold its pipes for longer.
        while self.readers.iter().any(|reader| !reader.is_finished()) && ended.elapsed() < PIPES_MAX {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(status)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not come in time; with what the process said.
    pub fn wait(mut self, within: Duration) -> Result<Ended> {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().context("waiting for a process")? {
                break status;
            }
            ensure!(since.elapsed() < within, "it did not end within {within:?}: {}", self.err());
            std::thread::sleep(Duration::from_millis(2));
        };
        let took = since.elapsed();
        let ended = Instant::now();
        for reader in self.readers.drain(..) {
            // What it started may hold its pipes for longer.
            while !reader.is_finished() && ended.elapsed() < PIPES_MAX {
                std::thread::sleep(Duration::from_millis(2));
            }
            if reader.is_finished() {
                ensure!(reader.join().is_ok(), "a thread that listens to a process panicked");
            }
        }
        let (out, err) = (self.out.lock().clone(), self.err.lock().clone());
        Ok(Ended { status, out, err, took })
    }
}

impl Ended {
    /// The exit code; none after a signal.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A failed test must not leave a process behind. One that has ended cannot be killed, and need not.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn listen(mut pipe: impl Read + Send + 'static, heard: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut piece = [0; 4_096];
        while let Ok(length @ 1..) = pipe.read(&mut piece) {
            heard.lock().push_str(&String::from_utf8_lossy(piece.get(..length).unwrap_or_default()));
        }
    })
}
