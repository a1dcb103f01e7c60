//! Hosts that are not what their variables say: the plugin ends in time, and says what was found, what was expected and what
//! to do.

use std::time::{Duration, Instant};

use pars_host::dialect::spoken;
use pars_host::{Environment, Numbers, run};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::chain::Chain;

const AVALANCHE: &str = "AVALANCHE_VM_RUNTIME_ENGINE_ADDR";
const NEW: &str = "VM_RUNTIME_ENGINE_ADDR";
const OLD: &str = "LUX_VM_RUNTIME_ENGINE_ADDR";

const SLOW: &str = "; if it is a host of gRPC, put GRPC_PARS_TRANSPORT=grpc into its environment";

/// What waits at an address. None of it answers a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// A server of gRPC speaks first.
    Grpc,
    /// A host of ZAP waits for the plugin.
    Silent,
    /// It hangs up.
    Closes,
    /// It speaks, but no HTTP/2.
    Speaks,
    Nobody,
}

const ALL: [Waits; 5] = [Waits::Grpc, Waits::Silent, Waits::Closes, Waits::Speaks, Waits::Nobody];

/// The variables in which luxd says how it speaks, the newer one first.
const SAID: [[&str; 2]; 7] =
    [["", ""], ["zap", ""], ["", "zap"], ["zap", "zap"], ["grpc", ""], ["both", ""], ["grpc", "zap"]];

async fn waiting(how: Waits) -> String {
    if how == Waits::Nobody {
        // Port 1 of loopback has no listener.
        return "127.0.0.1:1".to_owned();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    drop(tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(tokio::spawn(async move {
                match how {
                    // What a host of gRPC was seen to begin with, after 20 ms.
                    Waits::Grpc => {
                        sleep(Duration::from_millis(20)).await;
                        drop(stream.write_all(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0]).await);
                    }
                    Waits::Silent | Waits::Nobody => {}
                    Waits::Closes => return,
                    Waits::Speaks => drop(stream.write_all(b"220 mail.example.org ready").await),
                }
                // It is held for longer than anything is waited for.
                sleep(Duration::from_secs(60)).await;
            }));
        }
    }));
    addr
}

/// How the text of an end begins, and how it ends.
struct Text(String, String);

impl Text {
    const fn whole(text: String) -> Self {
        Self(text, String::new())
    }

    fn silent(addr: &str, row: &str, advice: &str) -> Self {
        let at_work = "see in its own log whether it is at work";
        Self::whole(format!(
            "the host at {addr} did not answer the handshake of {row} within 4500 ms: {at_work}{advice}"
        ))
    }

    /// Where the reason is that of a library, it is left open.
    fn unreached(addr: &str, reason: &str, advice: &str) -> Self {
        let expected = format!(
            "; expected one that waits there for the plugin it has started, and speaks as {}{advice}",
            spoken()
        );
        Self(format!("cannot reach the host at {addr}: {reason}"), expected)
    }

    fn refused(row: &str, reason: &str, advice: &str) -> Self {
        let expected = format!("expected one of {row}: see in its own log what it is");
        Self::whole(format!("the host refused protocol 42: {reason}; {expected}{advice}"))
    }

    /// Of a host that speaks gRPC, as far as anybody knows.
    fn over_grpc(how: Waits, addr: &str, row: &str, advice: &str) -> Self {
        match how {
            Waits::Grpc | Waits::Silent => Self::silent(addr, row, advice),
            Waits::Closes | Waits::Speaks | Waits::Nobody => Self::unreached(addr, "", advice),
        }
    }

    /// The same of ZAP. Where nothing else is to be advised, the host may be one of gRPC.
    fn over_zap(how: Waits, addr: &str, advice: &str) -> Self {
        let row = "luxd 42 over ZAP";
        let ask = ", or ask it for --version and look for rpcchainvm=";
        let answered = |byte| {
            let advice = if advice.is_empty() { SLOW } else { advice };
            Self::refused(row, &format!("it answered {byte}, which no host of ZAP does"), advice)
        };
        match how {
            Waits::Grpc => answered("0x00"),
            Waits::Silent => Self::silent(addr, row, advice),
            Waits::Closes => {
                let reason = "it closed the connection without a word, as a host of another number does";
                Self::refused(row, reason, &format!("{ask}{advice}"))
            }
            Waits::Speaks => answered("0x32"),
            Waits::Nobody => Self::unreached(addr, "Connection refused (os error 111)", advice),
        }
    }

    /// Of a host that says nothing of how it speaks.
    fn heard(how: Waits, addr: &str) -> Self {
        match how {
            Waits::Grpc => Self::silent(addr, "luxd 42 over gRPC", ""),
            Waits::Silent => Self::silent(addr, "luxd 42 over ZAP", SLOW),
            Waits::Closes => Self::unreached(addr, "it closed the connection without a word", ""),
            Waits::Speaks => {
                let began = "it began with [32, 32, 30, 20, 6d, 61, 69, 6c, 2e], which is no host's greeting";
                Self::unreached(addr, began, "")
            }
            Waits::Nobody => Self::unreached(addr, "Connection refused (os error 111)", ""),
        }
    }
}

/// Ends that are waited for at the same time.
#[derive(Default)]
struct Ends(Vec<tokio::task::JoinHandle<()>>);

impl Ends {
    fn expect(&mut self, what: String, environment: Environment, numbers: Numbers, expected: Text) {
        self.0.push(tokio::spawn(async move {
            let since = Instant::now();
            let text = run(Chain::new(), &environment, &numbers).await.unwrap_err().to_string();
            let took = since.elapsed();
            assert!(took < Duration::from_secs(5), "{what}: {took:?}");
            let Text(start, end) = expected;
            assert!(text.starts_with(&start) && text.ends_with(&end), "{what}: {text}, expected {start} … {end}");
            assert!(!end.is_empty() || text == start, "{what}: {text}, expected {start}");
        }));
    }

    async fn all(self) -> usize {
        let count = self.0.len();
        for end in self.0 {
            end.await.unwrap();
        }
        count
    }
}

/// Every combination of variables with everything that may wait at the addresses.
#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_variables_and_of_who_speaks_first() {
    let mut ends = Ends::default();
    for how in ALL {
        // Each variable has an address of its own, where the same waits.
        let addrs = [waiting(how).await, waiting(how).await, waiting(how).await];
        for set in 0..8_usize {
            let [avalanche, new, old] = [0, 1, 2].map(|bit| set & (1 << bit) != 0);
            for said in SAID {
                let mut vars = vec![("VM_TRANSPORT", said[0]), ("LUX_VM_TRANSPORT", said[1])];
                for (index, name) in [AVALANCHE, NEW, OLD].into_iter().enumerate() {
                    vars.push((name, if set & (1 << index) == 0 { "" } else { &addrs[index] }));
                }
                // Who says zap, then avalanchego, then who speaks first; the newer name counts.
                let lux = if new { &addrs[1] } else { &addrs[2] };
                let expected = if said.contains(&"zap") && (new || old) {
                    Text::over_zap(how, lux, "")
                } else if avalanche {
                    Text::over_grpc(how, &addrs[0], "avalanchego 45", "")
                } else if new || old {
                    Text::heard(how, lux)
                } else {
                    let sets = [AVALANCHE, NEW, OLD].join(" or ");
                    Text::whole(format!("this is a plugin and is started by a host, which sets {sets}"))
                };
                let environment = vars.iter().copied().collect();
                ends.expect(format!("{how:?} {vars:?}"), environment, Numbers::default(), expected);
            }
        }
    }
    assert_eq!(ends.all().await, 5 * 8 * 7);
}

/// What the operator chose is not looked for, so it is named where it may be what is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn an_operators_choice_is_named_where_the_handshake_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.toml");
    let numbers = Numbers::new(folder.path().to_owned(), folder.path().join("absent"));
    let mut ends = Ends::default();
    for how in ALL {
        let addr = waiting(how).await;
        for name in ["GRPC_PARS_TRANSPORT", "PARS_VM_TRANSPORT"] {
            for (transport, chosen) in [("grpc", "gRPC"), ("zap", "ZAP")] {
                let advice = format!("; {name}={transport} chose {chosen}: remove it to let this program find out");
                let expected = if transport == "grpc" {
                    Text::over_grpc(how, &addr, "luxd 42 over gRPC", &advice)
                } else {
                    Text::over_zap(how, &addr, &advice)
                };
                let environment = [(NEW, addr.as_str()), (name, transport)].into_iter().collect();
                ends.expect(format!("{how:?} {name} {transport}"), environment, Numbers::default(), expected);
            }
            // A host that can speak in one way only was not chosen wrongly.
            let environment = [(AVALANCHE, addr.as_str()), (name, "grpc")].into_iter().collect();
            let expected = Text::over_grpc(how, &addr, "avalanchego 45", "");
            ends.expect(format!("{how:?} {name}"), environment, Numbers::default(), expected);
        }
    }
    assert_eq!(ends.all().await, 5 * 2 * 3);

    std::fs::write(&file, "transport = \"grpc\"\n").unwrap();
    let addr = waiting(Waits::Silent).await;
    let environment = [(OLD, addr.as_str())].into_iter().collect();
    let chose = "transport = grpc chose gRPC: remove it to let this program find out";
    let expected = Text::silent(&addr, "luxd 42 over gRPC", &format!("; {}: {chose}", file.display()));
    let mut ends = Ends::default();
    ends.expect("the file".to_owned(), environment, numbers.clone(), expected);
    assert_eq!(ends.all().await, 1);

    // A host of ZAP refuses a number without a word.
    let addr = waiting(Waits::Closes).await;
    std::fs::write(&file, "protocol = 42\ntransport = \"zap\"\n").unwrap();
    let zap = format!("; {}: transport = zap chose ZAP: remove it to let this program find out", file.display());
    let mut ends = Ends::default();
    for name in ["GRPC_PARS_PROTOCOL", "PARS_VM_PROTOCOL", ""] {
        let chosen = if name.is_empty() { file.display().to_string() } else { name.to_owned() };
        let environment = [(OLD, addr.as_str()), (name, "42")].into_iter().collect();
        let advice = format!("{zap}; {chosen} chose protocol 42: remove it to let this program find out");
        ends.expect(chosen, environment, numbers.clone(), Text::over_zap(Waits::Closes, &addr, &advice));
    }
    assert_eq!(ends.all().await, 3);

    // A pipe in its place is not waited for.
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let environment = [(OLD, addr.as_str())].into_iter().collect();
    let mut ends = Ends::default();
    let text = "it is no file; mend it, or remove it to let this program find out";
    ends.expect("a pipe".to_owned(), environment, numbers, Text::whole(format!("{}: {text}", file.display())));
    assert_eq!(ends.all().await, 1);
}
