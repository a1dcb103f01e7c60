//! What every host may rely on: one script of steps, over every row of the dialect table.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

#[path = "conformance/bounds.rs"]
mod bounds;
#[path = "conformance/calls.rs"]
mod calls;
#[path = "conformance/chain.rs"]
mod chain;
#[path = "conformance/detection.rs"]
mod detection;
#[path = "conformance/http.rs"]
mod http;
#[path = "conformance/life.rs"]
mod life;
#[path = "conformance/pair.rs"]
mod pair;
#[path = "conformance/peers.rs"]
mod peers;
#[path = "conformance/zap.rs"]
mod zap;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pars_host::dialect::{Dialect, TABLE, Transport};
use tokio::sync::Semaphore;

/// Something that a host does, and what it may expect.
struct Step {
    name: &'static str,
    /// Hosts that do it.
    over: &'static [Transport],
    run: fn(&'static Dialect) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

macro_rules! steps {
    ($($over:ident { $($file:ident::$name:ident,)* })*) => {
        &[$($(Step { name: stringify!($name), over: $over, run: |dialect| Box::pin($file::$name(dialect)) },)*)*]
    };
}

const ALL: &[Transport] = &Transport::ALL;
const GRPC: &[Transport] = &[Transport::Grpc];
const ZAP: &[Transport] = &[Transport::Zap];

/// THE SCRIPT. Each step has a host and a plugin of its own.
const STEPS: &[Step] = steps![
    ALL {
        calls::a_whole_life,
        calls::shutdown_before_initialize,
        calls::calls_before_initialize,
        calls::blocks_are_built_in_normal_operation_only,
        calls::a_failed_initialize_is_told_and_closed,
        calls::initialize_comes_once,
        calls::shutdown_comes_again,
        calls::the_end_does_not_wait_for_long_work,
        calls::what_is_unknown_is_an_answer,
        calls::an_open_wait_does_not_delay_the_end,
        calls::a_batch_is_parsed_whole_or_not_at_all,
        calls::ancestors_stop_at_each_limit,
        calls::a_host_with_another_number_is_named,
        calls::an_absent_host_is_named,
        peers::messages_pass_to_the_chain,
        peers::what_a_peer_sends_is_never_an_error,
        peers::validator_sets,
        peers::what_is_not_lent_is_told,
        bounds::malformed_requests_are_refused_by_name,
        bounds::long_error_texts_are_cut,
        bounds::a_panic_ends_one_call,
        bounds::sixty_four_calls_at_once,
        http::http_requests_pass_through,
        http::bodies_of_unknown_length_are_whole,
        http::a_connection_changes_hands,
        life::a_mismatch_is_one_line_and_code_1,
        life::signals_alone_do_not_stop_it,
        life::sigterm_after_shutdown_ends_it_at_once,
        life::closed_pipes_do_not_break_the_end,
        life::the_death_of_the_parent_closes_the_chain,
    }
    GRPC {
        calls::a_cancelled_wait_is_dropped,
        calls::measurements_are_gathered,
        calls::the_server_says_that_it_serves,
        peers::messages_pass_both_ways,
        peers::signatures,
        bounds::malformed_messages_are_refused,
        bounds::strangers_on_the_port,
        bounds::messages_have_no_limit,
        http::long_bodies_are_refused,
        http::streamed_requests_are_answered,
        life::a_mismatch_is_noted_for_the_next_start,
    }
    ZAP {
        zap::a_transport_that_is_not_said_is_found,
        zap::odd_frames_are_refused_one_by_one,
        zap::forgotten_waits_do_not_pile_up,
        zap::a_block_is_built_once_until_it_is_decided,
        zap::health_is_a_list_of_facts,
        zap::answers_fit_into_frames,
        zap::strangers_end_alone,
        zap::the_end_of_the_connection_is_the_end,
        zap::a_host_that_asks_nothing_is_gone,
        zap::a_broken_line_to_the_host_is_made_again,
        zap::an_absent_service_is_asked_again_for_a_while,
        zap::an_answer_that_does_not_come_is_given_up,
    }
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
        for dialect in TABLE.iter().filter(|row| step.over.contains(&row.transport)) {
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
    let mut outcomes = BTreeMap::new();
    let mut failed = Vec::new();
    for (name, dialect, run) in running {
        let outcome = match run.await {
            Ok(took) => format!("ok {} ms", took.as_millis()),
            Err(error) => {
                failed.push(format!("{name} on {dialect}: {error}"));
                "FAILED".to_owned()
            }
        };
        drop(outcomes.insert((name, dialect.to_string()), outcome));
    }
    let columns = TABLE.iter().map(|row| format!("{row:>18}"));
    println!("{:<46}{}", "step", columns.collect::<String>());
    for step in STEPS {
        // A row whose hosts have no such call.
        let none = || "-".to_owned();
        let cells = TABLE.iter().map(|row| outcomes.get(&(step.name, row.to_string())).cloned().unwrap_or_else(none));
        println!("{:<46}{}", step.name, cells.map(|cell| format!("{cell:>18}")).collect::<String>());
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
