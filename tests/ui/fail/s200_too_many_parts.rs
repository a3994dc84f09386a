//! More parts than a system can hold.
use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Office;

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Rang {
    room: u32,
}

struct Clerk<const ROOM: usize>;

#[service(at = Office)]
impl<const ROOM: usize> Clerk<ROOM> {
    #[on(Rang)]
    async fn rang(&self, _: Rang) {}
}

#[rustfmt::skip]
saga_runtime::system! {
    pub Offices {
        Clerk<0>, Clerk<1>, Clerk<2>, Clerk<3>, Clerk<4>, Clerk<5>, Clerk<6>, Clerk<7>, Clerk<8>, Clerk<9>,
        Clerk<10>, Clerk<11>, Clerk<12>, Clerk<13>, Clerk<14>, Clerk<15>, Clerk<16>, Clerk<17>, Clerk<18>, Clerk<19>,
        Clerk<20>, Clerk<21>, Clerk<22>, Clerk<23>, Clerk<24>, Clerk<25>, Clerk<26>, Clerk<27>, Clerk<28>, Clerk<29>,
        Clerk<30>, Clerk<31>, Clerk<32>, Clerk<33>, Clerk<34>, Clerk<35>, Clerk<36>, Clerk<37>, Clerk<38>, Clerk<39>,
        Clerk<40>, Clerk<41>, Clerk<42>, Clerk<43>, Clerk<44>, Clerk<45>, Clerk<46>, Clerk<47>, Clerk<48>, Clerk<49>,
        Clerk<50>, Clerk<51>, Clerk<52>, Clerk<53>, Clerk<54>, Clerk<55>, Clerk<56>, Clerk<57>, Clerk<58>, Clerk<59>,
        Clerk<60>, Clerk<61>, Clerk<62>, Clerk<63>, Clerk<64>, Clerk<65>, Clerk<66>, Clerk<67>, Clerk<68>, Clerk<69>,
        Clerk<70>, Clerk<71>, Clerk<72>, Clerk<73>, Clerk<74>, Clerk<75>, Clerk<76>, Clerk<77>, Clerk<78>, Clerk<79>,
        Clerk<80>, Clerk<81>, Clerk<82>, Clerk<83>, Clerk<84>, Clerk<85>, Clerk<86>, Clerk<87>, Clerk<88>, Clerk<89>,
        Clerk<90>, Clerk<91>, Clerk<92>, Clerk<93>, Clerk<94>, Clerk<95>, Clerk<96>, Clerk<97>, Clerk<98>, Clerk<99>,
        Clerk<100>, Clerk<101>, Clerk<102>, Clerk<103>, Clerk<104>, Clerk<105>, Clerk<106>, Clerk<107>, Clerk<108>, Clerk<109>,
        Clerk<110>, Clerk<111>, Clerk<112>, Clerk<113>, Clerk<114>, Clerk<115>, Clerk<116>, Clerk<117>, Clerk<118>, Clerk<119>,
        Clerk<120>, Clerk<121>, Clerk<122>, Clerk<123>, Clerk<124>, Clerk<125>, Clerk<126>, Clerk<127>, Clerk<128>,
    }
}

fn main() {}
