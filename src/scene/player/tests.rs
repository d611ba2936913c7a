//! The player against a made-up run of five nodes.

use super::*;
use crate::protocol::NodeId;
use crate::scene::fake::FakeBench;
use crate::sim::{Intervention, Unsynced};

const FRAME_US: u64 = 16_667;

fn player() -> Player {
    let mut player = Player::new(Box::new(FakeBench::new(5)));
    player.set_glides(false);
    player
}

fn run(player: &mut Player, command: Command) -> Change {
    player.apply(command, Lang::En).unwrap()
}

fn crash() -> Command {
    Command::Act(Intervention::Crash { node: NodeId(1), unsynced: Unsynced::Torn })
}

#[test]
fn playing_moves_virtual_time_by_real_time_over_the_slowdown() {
    let mut player = player();
    run(&mut player, Command::Slowdown(50));
    run(&mut player, Command::Play);
    for _ in 0..60 {
        player.tick(FRAME_US);
    }
    // 60 frames are one second of 1,000,020 µs; no remainder of a frame may get lost.
    assert_eq!(player.time_us(), 60 * FRAME_US / 50);
}

#[test]
fn the_cursor_is_always_the_last_step_at_or_before_the_shown_moment() {
    let mut player = player();
    run(&mut player, Command::Slowdown(1));
    run(&mut player, Command::Play);
    for _ in 0..30 {
        player.tick(FRAME_US);
        let bench = player.bench();
        assert!(bench.now_us() <= player.time_us());
        assert_eq!(bench.cursor(), bench.cursor_at(player.time_us()));
    }
    assert!(player.bench().cursor() > 50);
}

#[test]
fn a_tab_that_slept_does_not_race_to_catch_up() {
    let mut player = player();
    run(&mut player, Command::Slowdown(1));
    run(&mut player, Command::Play);
    player.tick(3_600_000_000);
    assert_eq!(player.time_us(), TICK_US_MAX);
}

#[test]
fn any_command_that_seeks_pauses_first() {
    for command in
        [Command::Step(-1), Command::SeekTo(3), Command::First, Command::Milestone { forward: true }]
    {
        let mut player = player();
        run(&mut player, Command::Play);
        run(&mut player, command.clone());
        assert!(!player.is_moving(), "{command:?}");
    }
}

#[test]
fn a_step_forward_records_one_step_and_a_step_back_returns() {
    let mut player = player();
    run(&mut player, Command::Step(1));
    assert_eq!((player.bench().cursor(), player.bench().recorded()), (1, 1));
    run(&mut player, Command::Step(-1));
    assert_eq!((player.bench().cursor(), player.time_us()), (0, 0));
}

#[test]
fn a_glide_ends_after_its_time_or_when_the_next_command_comes() {
    let mut player = player();
    player.set_glides(true);
    run(&mut player, Command::Step(1));
    assert!(player.is_moving() && player.bench().cursor() == 0);
    player.tick(GLIDE_US / 2);
    assert!((14_000..16_000).contains(&player.time_us()), "half of the way to 30 ms");
    player.tick(GLIDE_US);
    assert_eq!((player.bench().cursor(), player.is_moving()), (1, false));

    run(&mut player, Command::Step(1));
    run(&mut player, Command::Step(1));
    run(&mut player, Command::Pause);
    assert_eq!(player.bench().cursor(), 3);
}

#[test]
fn a_far_seek_is_spread_over_frames_and_arrives() {
    let mut player = player();
    run(&mut player, Command::SeekTime(40_000_000));
    assert!(player.is_moving() && player.bench().cursor() == 0);
    player.tick(FRAME_US);
    assert!(player.bench().recorded() <= STEPS_PER_TICK);
    let mut frames = 1;
    while player.is_moving() {
        player.tick(FRAME_US);
        frames += 1;
    }
    assert_eq!(player.time_us(), 40_000_000);
    assert!(frames > 3);
}

#[test]
fn acting_where_the_run_ends_opens_no_branch_and_acting_in_the_past_does() {
    let mut player = player();
    run(&mut player, Command::Step(1));
    assert_eq!(run(&mut player, crash()).notice, None);
    for _ in 0..3 {
        run(&mut player, Command::Step(1));
    }
    run(&mut player, Command::Step(-2));
    assert_eq!(run(&mut player, crash()).notice, Some(Notice::Branched { left: 0 }));
}

#[test]
fn marks_are_visited_in_order_and_milestones_are_not_marks() {
    let mut player = player();
    run(&mut player, Command::Step(1));
    run(&mut player, crash());
    let mark = player.bench().cursor();
    run(&mut player, Command::First);
    run(&mut player, Command::Mark { forward: true });
    assert_eq!(player.bench().cursor(), mark);
    assert_eq!(run(&mut player, Command::Mark { forward: true }).notice, Some(Notice::NothingThere));
}

#[test]
fn a_refused_action_changes_nothing() {
    let mut player = player();
    run(&mut player, Command::Step(1));
    let empty = Intervention::Command { client: crate::protocol::ClientId(0), command: String::new() };
    assert!(player.apply(Command::Act(empty), Lang::En).is_err());
    assert_eq!(player.bench().recorded(), 1);
}

#[test]
fn speeds_stop_at_both_ends() {
    let mut player = player();
    for _ in 0..20 {
        run(&mut player, Command::Faster);
    }
    assert_eq!(player.slowdown(), 1);
    for _ in 0..20 {
        run(&mut player, Command::Slower);
    }
    assert_eq!(player.slowdown(), 1000);
}

#[test]
fn tenths_of_the_tape_are_exact() {
    let mut player = player();
    run(&mut player, Command::SeekTime(100_000));
    while player.is_moving() {
        player.tick(FRAME_US);
    }
    let end = player.bench().recorded_us();
    run(&mut player, Command::SeekThousandth(500));
    assert_eq!(player.time_us(), end / 2);
}

#[test]
fn a_run_that_has_come_to_rest_stops_and_says_so() {
    let mut player = Player::new(Box::new(FakeBench::new(0)));
    let notice = Some(Notice::Stopped(Problem::AtRest));
    assert_eq!(run(&mut player, Command::Step(1)).notice, notice);
    run(&mut player, Command::SeekTime(90_000_000));
    assert_eq!(player.tick(FRAME_US).notice, notice);
    assert!(!player.is_moving() && player.time_us() == 0);
}
