//! A saga that another saga waits for, and that answers from a timeout.

use saga_runtime::prelude::*;

use super::contracts::*;

#[saga(by = load, at = Haulier)]
#[derive(Serialize, Deserialize)]
pub struct Haulage {
    load: u32,
}

#[saga(states(Driving, Resting), ignore(Driven in end))]
impl Haulage {
    #[start(Haul -> send Drive => Driving)]
    fn haul(haul: Haul) -> (Self, Drive) {
        let load = haul.load;
        (Self { load }, Drive { load })
    }

    #[on(Driven in Driving => Resting)]
    fn driven(&mut self, _: Driven) {}

    #[after(3 s in Resting -> reply Arrived => end)]
    fn rested(&mut self) -> Arrived {
        Arrived {}
    }

    #[after(40 s in Driving -> reply TurnedBack => end)]
    fn stuck(&mut self) -> TurnedBack {
        TurnedBack {}
    }
}
