//! The program from outside: real sockets, an independent decoder, signals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is wrong here fails the test"
)]

#[path = "../../../engine/tests/decoder/mod.rs"]
mod decoder;

mod a_setting_is_heard_where_the_answer_says;
mod bad_clients_get_a_clean_end;
mod ids_outlive_the_process;
mod knobs_are_turned_by_osc;
mod listeners_of_one_stream;
mod nothing_leaks;
mod offline_rendering;
mod server;
mod settings_and_start;
mod settings_change_while_it_runs;
mod stopping;
mod the_dashboard_and_the_table_show_all_that_is_counted;
mod three_calls;
mod under_systemd;
mod what_was_heard_can_be_kept;
mod who_calls_too_often_is_refused;
