//! What every host may rely on: one script of steps, over every row of the dialect table.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

#[path = "conformance/bounds.rs"]
mod bounds;
#[path = "conformance/calls.rs"]
mod calls;
#[path = "conformance/chain.rs"]
mod chain;
#[path = "conformance/http.rs"]
mod http;
#[path = "conformance/life.rs"]
mod life;
#[path = "conformance/pair.rs"]
mod pair;
#[path = "conformance/peers.rs"]
mod peers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pars_host::dialect::{Dialect, TABLE};
use tokio::sync::Semaphore;

/// Something that a host does, and what it may expect.
struct Step {
    name: &'static str,
    run: fn(&'static Dialect) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

macro_rules! steps {
    ($($file:ident::$name:ident,)*) => {
        &[$(Step { name: stringify!($name), run: |dialect| Box::pin($file::$name(dialect)) }),*]
    };
}

/// THE SCRIPT. Each step has a host and a plugin of its own.
const STEPS: &[Step] = steps![
    calls::a_whole_life,
    calls::shutdown_before_initialize,
    calls::calls_before_initialize,
    calls::a_failed_initialize_is_told_and_closed,
    calls::initialize_comes_once,
    calls::shutdown_comes_again,
    calls::the_end_does_not_wait_for_long_work,
    calls::what_is_unknown_is_an_answer,
    calls::a_cancelled_wait_is_dropped,
    calls::an_open_wait_does_not_delay_the_end,
    calls::a_batch_is_parsed_whole_or_not_at_all,
    calls::ancestors_stop_at_each_limit,
    calls::measurements_are_gathered,
    calls::the_server_says_that_it_serves,
    calls::a_host_with_another_number_is_named,
    calls::an_absent_host_is_named,
    peers::messages_pass_both_ways,
    peers::what_a_peer_sends_is_never_an_error,
    peers::validator_sets_and_signatures,
    peers::what_is_not_lent_is_told,
    bounds::malformed_requests_are_refused_by_name,
    bounds::malformed_messages_are_refused,
    bounds::strangers_on_the_port,
    bounds::messages_have_no_limit,
    bounds::long_error_texts_are_cut,
    bounds::a_panic_ends_one_call,
    bounds::sixty_four_calls_at_once,
    http::http_requests_pass_through,
    http::long_bodies_are_refused,
    http::streamed_requests_are_answered,
    http::bodies_of_unknown_length_are_whole,
    http::a_connection_changes_hands,
    life::a_mismatch_is_one_line_and_code_1,
    life::a_mismatch_is_noted_for_the_next_start,
    life::signals_alone_do_not_stop_it,
    life::sigterm_after_shutdown_ends_it_at_once,
    life::closed_pipes_do_not_break_the_end,
    life::the_death_of_the_parent_closes_the_chain,
];

/// Steps that run at the same time: most of each is waiting, and some measure how long something takes.
const AT_ONCE: usize = 4;
/// Time of a step.
const STEP_MAX: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn every_row_passes_every_step() {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = Vec::new();
    for step in STEPS {
        for dialect in TABLE {
            let turns = Arc::clone(&turns);
            let run = tokio::spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                let since = Instant::now();
                tokio::time::timeout(STEP_MAX, (step.run)(dialect)).await.expect("it takes too long");
                since.elapsed()
            });
            running.push((step.name, dialect, run));
        }
    }
    let columns = TABLE.iter().map(|row| format!("{:>16}", format!("{} {}", row.name, row.protocol)));
    println!("{:<44}{}", "step", columns.collect::<String>());
    let mut failed = Vec::new();
    for (name, dialect, run) in running {
        let outcome = match run.await {
            Ok(took) => format!("ok {} ms", took.as_millis()),
            Err(error) => {
                failed.push(format!("{name} on {} {}: {error}", dialect.name, dialect.protocol));
                "FAILED".to_owned()
            }
        };
        let first = TABLE.first().is_some_and(|row| row == dialect);
        let last = TABLE.last().is_some_and(|row| row == dialect);
        print!(
            "{}{outcome:>16}{}",
            if first { format!("{name:<44}") } else { String::new() },
            if last { "\n" } else { "" }
        );
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The script calls everything that a plugin serves.
#[test]
fn every_call_is_in_the_script() {
    let script = [
        include_str!("conformance/calls.rs"),
        include_str!("conformance/bounds.rs"),
        include_str!("conformance/peers.rs"),
    ];
    let script = script.concat();
    let schema = include_str!("../../../proto/host/vm/vm.proto");
    let calls = schema.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
    let calls: Vec<&str> = calls.collect();
    assert!(calls.len() >= 31, "{calls:?}");
    let script = script.replace('_', "");
    for call in calls {
        assert!(script.contains(&format!(".{}(", call.to_lowercase())), "no step calls {call}");
    }
}
