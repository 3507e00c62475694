//! The conformance list: what every remote must go through, in each way it can be spoken to.
//!
//! A case is written once, in words that fit every remote. Each becomes a test for every remote and protocol, so
//! that the runner's summary counts them.

mod bench;
mod cases;
mod odoo;
mod proxy;
mod remote;
mod sqlserver;

use bench::Bench;
use odoo::OdooRemote;
use sqlserver::SqlServerRemote;

macro_rules! tests {
    ($remote:expr; $($topic:ident: $($case:ident)+;)+) => {
        $($(
            #[test]
            fn $case() {
                crate::cases::$topic::$case(&mut Bench::open(Box::new($remote)));
            }
        )+)+
    };
}

/// All cases for one remote in one protocol.
macro_rules! conforms {
    ($face:ident, $remote:expr) => {
        conforms!($face, $remote;);
    };
    // With cases for a remote that can more than all can.
    ($face:ident, $remote:expr; $($more:tt)*) => {
        mod $face {
            use super::*;

            tests! { $remote;
                $($more)*
                reading:
                    an_empty_object_gives_an_empty_table
                    less_than_a_page_arrives
                    exactly_one_full_page_arrives
                    many_pages_arrive
                    rows_of_one_moment_arrive_over_the_edge_of_a_page
                    what_is_unchanged_is_not_written_again;
                changing:
                    a_row_changed_while_paging_arrives
                    a_late_commit_arrives
                    a_deleted_row_goes_with_the_next_full_run
                    what_no_incremental_run_sees_is_found_by_comparing_keys;
                values:
                    text_of_every_script_arrives_exactly
                    no_value_is_null_and_an_empty_text_is_none
                    zero_and_no_are_values
                    numbers_of_any_size_arrive_exactly
                    dates_before_1900_and_far_ahead_arrive;
                refused:
                    a_wrong_password_is_shown_once_and_takes_nothing_away
                    a_lost_right_takes_nothing_away
                    an_object_that_is_not_there_any_more_takes_nothing_away;
                trouble:
                    a_late_answer_is_asked_for_again
                    an_answer_that_trickles_is_given_up_in_time
                    an_answer_that_does_not_come_is_asked_for_again
                    an_answer_cut_at_the_top_is_asked_for_again
                    an_answer_cut_in_the_middle_is_asked_for_again
                    a_remote_that_breaks_off_again_and_again_leaves_whole_pages
                    garbage_is_told_after_a_look_at_its_records
                    a_page_that_is_too_long_is_asked_for_in_parts
                    an_answer_that_is_always_too_long_is_told
                    a_remote_that_goes_on_wanting_pauses_is_left_alone;
            }
        }
    };
}

conforms!(json_rpc, OdooRemote::json_rpc(); trouble: a_remote_that_wants_a_pause_gets_it;);
conforms!(xml_rpc, OdooRemote::xml_rpc(); trouble: a_remote_that_wants_a_pause_gets_it;);
conforms!(json_2, OdooRemote::json_2(); trouble: a_remote_that_wants_a_pause_gets_it;);
conforms!(json_rpc_behind_proxy, OdooRemote::json_rpc_behind_proxy(); trouble: a_remote_that_wants_a_pause_gets_it;);
conforms!(xml_rpc_behind_proxy, OdooRemote::xml_rpc_behind_proxy(); trouble: a_remote_that_wants_a_pause_gets_it;);
conforms!(json_2_behind_proxy, OdooRemote::json_2_behind_proxy(); trouble: a_remote_that_wants_a_pause_gets_it;);
conforms!(sql_server, SqlServerRemote::current());
conforms!(sql_server_2012, SqlServerRemote::of_2012());
conforms!(sql_server_without_functions, SqlServerRemote::without_functions());
