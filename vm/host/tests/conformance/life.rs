//! The end of a real process: this test binary starts itself as the plugin.

use std::path::Path;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use pars_host::dialect::{Dialect, TABLE, Transport};
use pars_host::testhost::{Plugin, TestHost};
use pars_host::{Environment, Numbers, serve};
use pars_proto::host::vm;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::chain::{CLOSED, Chain};

/// Marks the process that is the plugin.
const MARK: &str = "PARS_HOST_TEST_PLUGIN";

/// No test when it is run as one.
#[test]
fn plugin_process() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = runtime.block_on(serve(Chain::new(), &Environment::of_process(), &Numbers::of_process()));
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// The command that is the plugin, with only what a host passes on in its environment.
fn plugin(host: Option<&TestHost>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["life::plugin_process", "--exact", "--nocapture"]).env_clear().env(MARK, "1");
    if let Some(host) = host {
        command.envs(host.variables());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn initialize(plugin: &mut Plugin, folder: &Path) {
    let request = vm::InitializeRequest {
        subnet_id: vec![1; 32].into(),
        chain_id: vec![2; 32].into(),
        node_id: vec![3; 20].into(),
        chain_data_dir: folder.to_str().unwrap().to_owned(),
        ..Default::default()
    };
    plugin.vm.initialize(request).await.unwrap();
}

async fn ended(mut child: Child) -> (ExitStatus, String) {
    let mut words = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let end = async {
        stderr.read_to_string(&mut words).await.unwrap();
        child.wait().await.unwrap()
    };
    let status = timeout(Duration::from_secs(6), end).await.expect("the plugin ends by itself");
    (status, words)
}

async fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().await.unwrap();
    assert!(sent.success());
}

pub(crate) async fn a_mismatch_is_one_line_and_code_1(dialect: &'static Dialect) {
    // No row has it.
    let other = 1_000 + dialect.protocol;
    let host = TestHost::start_with_protocol(dialect, other).await.unwrap();
    let (status, words) = ended(plugin(Some(&host)).spawn().unwrap()).await;
    assert_eq!(status.code(), Some(1));
    let ours = dialect.protocol;
    let rows = TABLE.iter().filter(|row| row.envs == dialect.envs);
    let spoken = rows.map(Dialect::to_string).collect::<Vec<_>>().join(", ");
    if dialect.transport == Transport::Zap {
        let start = format!("pars: the host refused protocol {ours}: it closed the connection without a word");
        let chose = format!("GRPC_PARS_PROTOCOL chose protocol {ours}: remove it to let this program find out");
        assert!(words.starts_with(&start) && words.ends_with(&format!("rpcchainvm=; {chose}\n")), "{words}");
        assert_eq!(words.lines().count(), 1, "{words}");
        return;
    }
    assert_eq!(
        words,
        format!(
            "pars: protocol mismatch: the host speaks {other}, this plugin {ours}; install the plugin release for \
             host protocol {other}; this one speaks {spoken}\n"
        )
    );
}

/// A host that says nothing of its number but in its refusal: the next start has it right. What the operator wrote holds,
/// and is named.
pub(crate) async fn a_mismatch_is_noted_for_the_next_start(dialect: &'static Dialect) {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("plugin");
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &link).unwrap();
    let start = |host: &TestHost| {
        let mut command = Command::new(&link);
        command.args(["life::plugin_process", "--exact", "--nocapture"]).env_clear().env(MARK, "1");
        command.envs(host.own_variables());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().unwrap()
    };
    let rows = || TABLE.iter().filter(|row| row.envs == dialect.envs && row.transport == dialect.transport);
    let first = rows().next().unwrap().protocol;
    let ours = dialect.protocol;
    if ours != first {
        let host = TestHost::start(dialect).await.unwrap();
        let since = Instant::now();
        let (status, words) = ended(start(&host)).await;
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        let advice = format!("it is noted: the next start speaks {ours}");
        let text = format!("pars: protocol mismatch: the host speaks {ours}, this plugin {first}; {advice}\n");
        assert_eq!((status.code(), words), (Some(1), text));
    }
    for _ in 0..2 {
        let mut host = TestHost::start(dialect).await.unwrap();
        let child = start(&host);
        let mut plugin = host.plugin().await.unwrap();
        plugin.vm.shutdown(()).await.unwrap();
        assert_eq!(ended(child).await.0.code(), Some(0));
    }
    let Some(other) = rows().map(|row| row.protocol).find(|number| *number != ours) else { return };
    let file = folder.path().join("pars/host.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("protocol = {other}\n")).unwrap();
    let host = TestHost::start(dialect).await.unwrap();
    let (status, words) = ended(start(&host)).await;
    let advice = format!("{} says so: change it to {ours}", file.display());
    let text = format!("pars: protocol mismatch: the host speaks {ours}, this plugin {other}; {advice}\n");
    assert_eq!((status.code(), words), (Some(1), text));
}

#[tokio::test(flavor = "multi_thread")]
async fn started_by_hand_it_says_what_it_is() {
    let (status, words) = ended(plugin(None).spawn().unwrap()).await;
    assert_eq!(status.code(), Some(1));
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.contains("this is a plugin and is started by a host"), "{words}");
}

pub(crate) async fn signals_alone_do_not_stop_it(dialect: &'static Dialect) {
    let folder = TempDir::new().unwrap();
    let mut host = TestHost::start(dialect).await.unwrap();
    let child = plugin(Some(&host)).spawn().unwrap();
    let pid = child.id().unwrap();
    let mut plugin = host.plugin().await.unwrap();
    initialize(&mut plugin, folder.path()).await;
    for name in ["INT", "TERM", "PIPE", "TERM"] {
        signal(name, pid).await;
        sleep(Duration::from_millis(50)).await;
        assert_eq!(plugin.vm.version(()).await.unwrap().into_inner().version, "fake/1");
    }
    assert!(!folder.path().join(CLOSED).exists());

    plugin.vm.shutdown(()).await.unwrap();
    assert!(folder.path().join(CLOSED).exists());
    let (status, words) = ended(child).await;
    assert_eq!((status.code(), words.as_str()), (Some(0), ""));
}

pub(crate) async fn sigterm_after_shutdown_ends_it_at_once(dialect: &'static Dialect) {
    let mut host = TestHost::start(dialect).await.unwrap();
    let child = plugin(Some(&host)).spawn().unwrap();
    let pid = child.id().unwrap();
    let mut plugin = host.plugin().await.unwrap();
    plugin.vm.shutdown(()).await.unwrap();
    let answered = Instant::now();
    signal("TERM", pid).await;
    drop(plugin);
    let (status, _) = ended(child).await;
    assert_eq!(status.code(), Some(0));
    assert!(answered.elapsed() < Duration::from_millis(900), "{:?}", answered.elapsed());
}

/// A host closes the pipes of a plugin that it stops.
pub(crate) async fn closed_pipes_do_not_break_the_end(dialect: &'static Dialect) {
    let mut host = TestHost::start(dialect).await.unwrap();
    let mut child = plugin(Some(&host)).spawn().unwrap();
    let mut plugin = host.plugin().await.unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    plugin.vm.shutdown(()).await.unwrap();
    let status = timeout(Duration::from_secs(5), child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

/// Without the host nobody would ever say Shutdown, and the chain's folder would stay locked.
pub(crate) async fn the_death_of_the_parent_closes_the_chain(dialect: &'static Dialect) {
    let folder = TempDir::new().unwrap();
    let mut host = TestHost::start(dialect).await.unwrap();
    let direct = plugin(Some(&host));
    let direct = direct.as_std();
    // A shell between, which ends when its input is closed and leaves the plugin behind.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "\"$0\" \"$@\" >/dev/null 2>&1 & echo $!; read -r line"]);
    shell.arg(direct.get_program()).args(direct.get_args()).env_clear();
    shell.envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let pid: u32 = lines.next_line().await.unwrap().unwrap().parse().unwrap();

    let mut plugin = host.plugin().await.unwrap();
    initialize(&mut plugin, folder.path()).await;
    assert!(is_running(pid));
    drop(shell.stdin.take());
    shell.wait().await.unwrap();

    let gone = async {
        while is_running(pid) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), gone).await.expect("the orphan ends by itself");
    assert!(folder.path().join(CLOSED).exists());
}

/// Whether the process exists and is more than an entry that nobody has collected yet.
fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}
