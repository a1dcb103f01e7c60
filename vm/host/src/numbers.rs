//! Which protocol number the host speaks, found out before the host is spoken to: it takes the first number that it
//! hears for the plugin's, and ends the process if that is not its own.
//!
//! In this order: the operator's file, what was noted at an earlier start, the host's own `--version`. Notes and the
//! operator's file lie in the folder `pars` beside the plugin: hosts take every other entry of that folder for a plugin.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::dialect::Transport;
use crate::text::leading_number;
use crate::{Environment, ServeError};

/// Set for programs that are asked for their version. Whoever finds it asks nobody: two programs that ask each other
/// would never end.
pub(crate) const ASKING: &str = "PARS_ASKS_FOR_VERSION";

/// Where the host's number may be known from.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// The folder of the operator's file and of the notes; none: neither is read.
    folder: Option<PathBuf>,
    /// The program that started this one.
    parent: Option<PathBuf>,
}

/// How a number was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A variable, as [`PROTOCOL_OVERRIDE`](crate::PROTOCOL_OVERRIDE).
    Variable(&'static str),
    /// The operator's file.
    File(PathBuf),
    /// A note of an earlier start.
    Note,
    /// The host's `--version`.
    Asked,
    /// Nothing is known: the first row of the table.
    Default,
}

impl Numbers {
    /// Of this process: its parent, and the folder in which the plugin was started.
    #[must_use]
    pub fn of_process() -> Self {
        // A plugin may be a link, and its folder is the one where the host found it.
        let named = std::env::args_os().next().map(PathBuf::from).filter(|path| path.is_absolute());
        let plugin = named.or_else(|| std::env::current_exe().ok());
        let folder = plugin.and_then(|path| Some(path.parent()?.join(FOLDER)));
        Self { folder, parent: Some(PathBuf::from(format!("/proc/{}/exe", parent_id()))) }
    }

    /// Of a folder and a program.
    #[must_use]
    pub const fn new(folder: PathBuf, parent: PathBuf) -> Self {
        Self { folder: Some(folder), parent: Some(parent) }
    }

    /// The host's number, if a note or the host itself tells it.
    pub(crate) async fn find(&self, environment: &Environment) -> Option<(u32, Source)> {
        let key = self.key();
        if let Some(number) = self.notes().iter().find(|note| note.key == key).map(|note| note.number) {
            return Some((number, Source::Note));
        }
        let parent = self.parent.as_deref().filter(|_| environment.var(ASKING).is_none())?;
        let number = ask(parent).await?;
        self.note(number);
        Some((number, Source::Asked))
    }

    /// Notes the number of the host that started this process, for the next start. Whether that was possible.
    pub(crate) fn note(&self, number: u32) -> bool {
        let Some(folder) = &self.folder else { return false };
        let note = Note { key: self.key(), number };
        let mut notes = self.notes();
        notes.retain(|other| other.key != note.key);
        notes.insert(0, note);
        notes.truncate(NOTES_MAX);
        let text: String = notes.iter().map(|note| format!("{note}\n")).collect();
        // Whole or not at all: other plugins of the folder may start at the same time.
        let fresh = folder.join(format!("{NOTES}.{}", std::process::id()));
        let written = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&fresh, text))
            .and_then(|()| fs::rename(&fresh, folder.join(NOTES)));
        if let Err(error) = &written {
            drop(fs::remove_file(&fresh));
            tracing::debug!(%error, folder = %folder.display(), "the host's number cannot be noted");
        }
        written.is_ok()
    }

    /// What the operator's file says, and where it is.
    pub(crate) fn of_operator(&self) -> Result<(Choice, PathBuf), ServeError> {
        let Some(file) = self.folder.as_ref().map(|folder| folder.join(FILE)) else { return Ok(Default::default()) };
        let wrong = |reason: String| ServeError::File { file: file.clone(), reason };
        let choice = match read(&file) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Choice::default(),
            Err(error) => return Err(wrong(error.to_string())),
            Ok(text) => Choice::parse(&text).map_err(wrong)?,
        };
        Ok((choice, file))
    }

    /// What is noted. What cannot be read is as good as absent: the host is asked again.
    fn notes(&self) -> Vec<Note> {
        let text = self.folder.as_ref().and_then(|folder| read(&folder.join(NOTES)).ok()).unwrap_or_default();
        text.lines().filter_map(Note::parse).collect()
    }

    fn key(&self) -> Key {
        let metadata = self.parent.as_ref().and_then(|parent| fs::metadata(parent).ok());
        metadata.map(|file| Key { device: file.dev(), inode: file.ino(), changed: changed(&file) }).unwrap_or_default()
    }
}

/// When a file was last written, Unix nanoseconds.
fn changed(file: &fs::Metadata) -> i64 {
    file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec())
}

/// A program, as its file was when it was asked. All zeros: one that may not be looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Key {
    device: u64,
    inode: u64,
    /// Unix nanoseconds.
    changed: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    key: Key,
    number: u32,
}

impl Note {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let key = Key {
            device: words.next()?.parse().ok()?,
            inode: words.next()?.parse().ok()?,
            changed: words.next()?.parse().ok()?,
        };
        let number = words.next()?.parse().ok()?;
        words.next().is_none().then_some(Self { key, number })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { device, inode, changed } = self.key;
        write!(out, "{device} {inode} {changed} {}", self.number)
    }
}

/// Asks a program for its version. One that is this program itself knows no host's number.
async fn ask(program: &Path) -> Option<u32> {
    let file = fs::metadata(program).ok()?;
    let own = std::env::current_exe().and_then(fs::metadata).ok()?;
    let (executable, borrowed_rights) = (file.mode() & 0o111 != 0, file.mode() & 0o6000 != 0);
    if !file.is_file() || !executable || borrowed_rights || (file.dev(), file.ino()) == (own.dev(), own.ino()) {
        return None;
    }
    let mut command = Command::new(program);
    command.arg("--version").env_clear().env(ASKING, "1").kill_on_drop(true);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut answer = Vec::new();
    let mut stdout = child.stdout.take()?.take(ANSWER_BYTES_MAX);
    let read = timeout(ASK_TIMEOUT, stdout.read_to_end(&mut answer)).await;
    // It has said what it had to say, or is too slow.
    drop(child.kill().await);
    read.ok()?.ok()?;
    number_in(&String::from_utf8_lossy(&answer))
}

/// The number in the words of a host about itself: `app/1.2.3 [database=…, rpcchainvm=45, …]`.
fn number_in(version: &str) -> Option<u32> {
    let (_, rest) = version.split_once(NUMBER_FOLLOWS)?;
    leading_number(rest)
}

/// What an operator may choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) protocol: Option<u32>,
    pub(crate) transport: Option<Transport>,
}

impl Choice {
    /// From lines as `key = value`.
    fn parse(text: &str) -> Result<Self, String> {
        let mut choice = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split_once('#').map_or(line, |(line, _)| line).trim();
            if line.is_empty() {
                continue;
            }
            let at = |what: &str| format!("line {}: {what}", index + 1);
            let (key, value) = line.split_once('=').ok_or_else(|| at("expected key = value"))?;
            match (key.trim(), value.trim()) {
                ("protocol", number) => {
                    let number = number.parse().map_err(|_| at(&format!("protocol is {number}, expected a number")))?;
                    choice.protocol = Some(number);
                }
                ("transport", name) => {
                    let named = |transport: &Transport| name == format!("\"{}\"", transport.name());
                    let found = Transport::ALL.into_iter().find(named);
                    let wrong = || at(&format!("transport is {name}, expected \"grpc\" or \"zap\""));
                    choice.transport = Some(found.ok_or_else(wrong)?);
                }
                (key, _) => return Err(at(&format!("unknown key {key}, expected protocol or transport"))),
            }
        }
        Ok(choice)
    }
}

/// A short file.
fn read(file: &Path) -> std::io::Result<String> {
    // A pipe is waited for without end.
    if !fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut text = String::new();
    fs::File::open(file)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

const FOLDER: &str = "pars";
/// The operator's file.
const FILE: &str = "host.toml";
/// Notes: a line a program, the last one that was noted first.
const NOTES: &str = "numbers";
/// A host that is updated is another program; old ones are forgotten.
const NOTES_MAX: usize = 32;
const FILE_BYTES_MAX: u64 = 64 << 10;
/// A version is one line.
const ANSWER_BYTES_MAX: u64 = 4 << 10;
/// The host waits five seconds for the plugin, from its start.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
const NUMBER_FOLLOWS: &str = "rpcchainvm=";

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    fn program(folder: &Path, name: &str, script: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn numbers_in_the_words_of_hosts() {
        for (version, number) in [
            // What avalanchego 1.14.2 and 1.14.0 say, with shortened commits.
            ("avalanchego/1.14.2 [database=v1.4.5, rpcchainvm=45, commit=5fa9, go=1.25.8]\n", Some(45)),
            ("avalanchego/1.14.0 [database=v1.4.5, rpcchainvm=44, go=1.24.9]", Some(44)),
            ("rpcchainvm=46", Some(46)),
            ("GNU bash, version 5.2.15(1)-release", None),
            ("rpcchainvm=", None),
            ("rpcchainvm=99999999999", None),
            ("", None),
        ] {
            assert_eq!(number_in(version), number, "{version}");
        }
    }

    #[tokio::test]
    async fn a_program_is_asked_once() {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        // Nothing of our environment reaches it, and its input is empty.
        let script =
            format!("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= >> {0}; cat >> {0}; echo rpcchainvm=44,", said.display());
        let numbers = Numbers::new(folder.path().join("plugins/pars"), program(folder.path(), "host", &script));
        let nothing = Environment::default();
        assert_eq!(numbers.find(&nothing).await, Some((44, Source::Asked)));
        assert_eq!(numbers.find(&nothing).await, Some((44, Source::Note)));
        assert_eq!(fs::read_to_string(&said).unwrap(), format!("{ASKING}=1\n"));
        // A host that refused tells better.
        assert!(numbers.note(46));
        assert_eq!(numbers.find(&nothing).await, Some((46, Source::Note)));
        // Another program of the same name is asked again.
        fs::remove_file(folder.path().join("host")).unwrap();
        drop(program(folder.path(), "host", "echo x [rpcchainvm=45]"));
        assert_eq!(numbers.find(&nothing).await, Some((45, Source::Asked)));
        let lines = fs::read_to_string(folder.path().join("plugins/pars/numbers")).unwrap();
        assert_eq!(lines.lines().count(), 2, "{lines}");
    }

    #[tokio::test]
    async fn whoever_does_not_answer_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = Environment::default();
        for (name, script) in [("silent", "sleep 100"), ("failing", "exit 3"), ("endless", "yes rpc")] {
            let numbers = Numbers::new(folder.path().join("pars"), program(folder.path(), name, script));
            let since = Instant::now();
            assert_eq!(numbers.find(&nothing).await, None, "{name}");
            assert!(since.elapsed() < ASK_TIMEOUT + Duration::from_secs(1), "{name}: {:?}", since.elapsed());
        }
        let plain = folder.path().join("plain");
        fs::write(&plain, "#!/bin/sh\necho rpcchainvm=45").unwrap();
        let own = std::env::current_exe().unwrap();
        for parent in [plain, own, folder.path().to_owned(), folder.path().join("absent")] {
            assert_eq!(Numbers::new(folder.path().join("pars"), parent).find(&nothing).await, None);
        }
        // One that is asked itself asks nobody.
        let host = program(folder.path(), "host", "echo rpcchainvm=45");
        let asked = [(ASKING, "1")].into_iter().collect();
        assert_eq!(Numbers::new(folder.path().join("pars"), host).find(&asked).await, None);
    }

    #[tokio::test]
    async fn what_an_operator_writes() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = Numbers::new(folder.path().to_owned(), program(folder.path(), "host", "echo rpcchainvm=45"));
        let file = folder.path().join("host.toml");
        for (text, found) in [
            ("protocol = 44 # v1.14.0\ntransport = \"grpc\"\n", Ok((Some(44), Some(Transport::Grpc)))),
            ("transport = \"zap\"", Ok((None, Some(Transport::Zap)))),
            ("\n# nothing\n", Ok((None, None))),
            ("protocol = \"44\"", Err("line 1: protocol is \"44\", expected a number")),
            ("\nprotocol 44", Err("line 2: expected key = value")),
            ("transport = \"both\"", Err("line 1: transport is \"both\", expected \"grpc\" or \"zap\"")),
            ("port = 1", Err("line 1: unknown key port, expected protocol or transport")),
        ] {
            fs::write(&file, text).unwrap();
            let said = numbers.of_operator().map(|(choice, _)| (choice.protocol, choice.transport));
            let said = said.map_err(|error| error.to_string());
            let advice = "mend it, or remove it to let this program find out";
            assert_eq!(said, found.map_err(|reason| format!("{}: {reason}; {advice}", file.display())), "{text}");
        }
        // Notes that cannot be read are none.
        fs::remove_file(&file).unwrap();
        fs::write(folder.path().join("numbers"), b"1 2\n\xff\n1 2 3 4 5\n").unwrap();
        let known = numbers.find(&Environment::default()).await;
        assert_eq!(known, Some((45, Source::Asked)));
        assert!(!Numbers::default().note(45));
    }
}
