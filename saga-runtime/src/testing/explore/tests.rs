//! How the search is made small without missing anything, and what it says about itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Explorer, FaultKind, View, explore};
use crate::prelude::*;

#[derive(Endpoint)]
struct Kitchen;
#[derive(Endpoint)]
struct Stove;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Kitchen, replies(Served), refusals(Burnt))]
struct Cook {
    dish: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Served;
#[derive(Reply, Serialize, Deserialize)]
struct Burnt;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Stove, replies(Warm), refusals(Cold))]
struct Heat {
    dish: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Warm {
    celsius: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Cold;

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Enough {
    dish: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(outsiders)]
struct Stirred {
    dish: u32,
}

/// Goes round until told otherwise: heats again when it is cold, and stirs now and then.
#[saga(by = dish, at = Kitchen)]
#[derive(Serialize, Deserialize)]
struct Dish {
    dish: u32,
}

#[saga(
    states(Heating, Resting),
    no_timeout(Heating, Resting),
    no_undo(Heat),
    ignore(Enough in Heating | end)
)]
impl Dish {
    #[start(Cook -> send Heat => Heating)]
    fn cook(cook: Cook) -> (Self, Heat) {
        let dish = cook.dish;
        (Self { dish }, Heat { dish })
    }

    #[on(Warm in Heating => Resting)]
    fn warm(&mut self, _: Warm) {}

    #[on(Cold in Heating -> send Heat => Heating)]
    fn cold(&mut self, _: Cold) -> Heat {
        Heat { dish: self.dish }
    }

    #[every(5 min in Resting -> publish Stirred)]
    fn stir(&mut self) -> Stirred {
        Stirred { dish: self.dish }
    }

    #[on(Enough in Resting -> reply Served => end)]
    fn enough(&mut self, _: Enough) -> Served {
        Served
    }
}

fn kitchen() -> Explorer {
    explore()
        .saga::<Dish>()
        .request(Cook { dish: 1 })
        .publish(Enough { dish: 1 })
        .repeats(1)
        .at_most_states(5_000)
}

#[test]
fn a_process_that_comes_round_to_where_it_was_is_explored_to_the_end() {
    // Nobody tells it that it is enough: it stirs for ever.
    let explored = explore()
        .saga::<Dish>()
        .request(Cook { dish: 1 })
        .publish(Enough { dish: 2 })
        .perhaps()
        .run();
    assert_eq!(
        explored.violation().map(super::Violation::kind),
        Some(FaultKind::EndlessLoop)
    );
    assert!(explored.is_complete(), "{explored}");
    assert!(explored.states() < 50, "{explored}");
}

#[test]
fn without_telling_ids_and_times_apart_everything_is_found_by_ways_as_short() {
    let sentences: [fn(&View<'_, Dish>) -> bool; 6] = [
        |dish| dish.sent::<Heat>() == 2,
        |dish| dish.sent::<Heat>() == 3,
        |dish| dish.published::<Stirred>() == 2 && dish.sent::<Heat>() == 2,
        |dish| dish.received::<Enough>() == 2,
        |dish| dish.received::<Cook>() == 2 && dish.published::<Stirred>() == 1,
        |dish| dish.is_in("end") && dish.published::<Stirred>() == 3,
    ];
    for sentence in sentences {
        let found = |exact| {
            let mut explorer = kitchen().never("this", sentence);
            explorer.options.exact = exact;
            let explored = explorer.run();
            let violation = explored.violation().expect("it can happen");
            (violation.kind(), violation.steps())
        };
        assert_eq!(found(false), found(true));
    }
}

#[test]
fn a_bound_that_was_hit_is_said_aloud() {
    let explored = kitchen().at_most_states(6).run();
    assert!(!explored.is_complete());
    let told = explored.to_string();
    assert!(
        told.contains("NOT everything that can happen") && told.contains("at_most_states"),
        "{told}"
    );
    let failed = catch_unwind(AssertUnwindSafe(|| kitchen().at_most_states(6).check()));
    assert!(failed.is_err(), "a check that has not looked at everything fails");
}

#[test]
fn a_set_up_that_contradicts_itself_is_told_before_anything_is_explored() {
    #[derive(Reply, Serialize, Deserialize)]
    struct Weighed {
        scale: Scale,
    }
    #[derive(Serialize, Deserialize)]
    struct Scale(u32);
    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Stove, replies(Weighed))]
    struct Weigh;
    let plain = super::values::plain(<Weighed as crate::Message>::INFO);
    assert!(plain.is_none(), "what a `Scale` looks like cannot be told");
    let failed = catch_unwind(AssertUnwindSafe(|| explore().send(Weigh).run()));
    let told = failed.unwrap_err();
    let told = told.downcast_ref::<String>().unwrap();
    assert!(told.contains("nothing takes `Weigh`"), "{told}");
}

#[test]
fn instances_that_share_nothing_are_explored_apart_and_come_to_the_same_together() {
    let two = || {
        let told = |dish| {
            explore()
                .saga::<Dish>()
                .request(Cook { dish })
                .publish(Enough { dish })
        };
        let both = told(1).request(Cook { dish: 2 });
        both.publish(Enough { dish: 2 })
    };
    let (apart, together) = (two().run(), two().together().run());
    let wrong = |explored: &super::Explored| explored.violation().map(super::Violation::kind);
    assert_eq!(wrong(&apart), wrong(&together));
    assert!(apart.states() < together.states());
}
