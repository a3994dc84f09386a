//! One state more than the checks can hold.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(
    S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13, S14, S15, S16, S17, S18, S19, S20, S21, S22,
    S23, S24, S25, S26, S27, S28, S29, S30, S31, S32, S33, S34, S35, S36, S37, S38, S39, S40, S41, S42, S43,
    S44, S45, S46, S47, S48, S49, S50, S51, S52, S53, S54, S55, S56, S57, S58, S59, S60, S61, S62, S63, S64,
    S65, S66, S67, S68, S69, S70, S71, S72, S73, S74, S75, S76, S77, S78, S79, S80, S81, S82, S83, S84, S85,
    S86, S87, S88, S89, S90, S91, S92, S93, S94, S95, S96, S97, S98, S99, S100, S101, S102, S103, S104, S105,
    S106, S107, S108, S109, S110, S111, S112, S113, S114, S115, S116, S117, S118, S119, S120, S121, S122,
    S123, S124, S125, S126
))]
impl Fulfilment {
    #[start(PlaceOrder -> reply OrderConfirmed => S0)]
    fn place(_: PlaceOrder) -> (Self, OrderConfirmed) {
        todo!()
    }

    #[after(1 h in S0 {
        To1 => S1 | To2 => S2 | To3 => S3 | To4 => S4 | To5 => S5 | To6 => S6 | To7 => S7 | To8 => S8 | To9 =>
        S9 | To10 => S10 | To11 => S11 | To12 => S12 | To13 => S13 | To14 => S14 | To15 => S15 | To16 => S16 |
        To17 => S17 | To18 => S18 | To19 => S19 | To20 => S20 | To21 => S21 | To22 => S22 | To23 => S23 | To24
        => S24 | To25 => S25 | To26 => S26 | To27 => S27 | To28 => S28 | To29 => S29 | To30 => S30 | To31 =>
        S31 | To32 => S32 | To33 => S33 | To34 => S34 | To35 => S35 | To36 => S36 | To37 => S37 | To38 => S38
        | To39 => S39 | To40 => S40 | To41 => S41 | To42 => S42 | To43 => S43 | To44 => S44 | To45 => S45 |
        To46 => S46 | To47 => S47 | To48 => S48 | To49 => S49 | To50 => S50 | To51 => S51 | To52 => S52 | To53
        => S53 | To54 => S54 | To55 => S55 | To56 => S56 | To57 => S57 | To58 => S58 | To59 => S59 | To60 =>
        S60 | To61 => S61 | To62 => S62 | To63 => S63 | To64 => S64 | To65 => S65 | To66 => S66 | To67 => S67
        | To68 => S68 | To69 => S69 | To70 => S70 | To71 => S71 | To72 => S72 | To73 => S73 | To74 => S74 |
        To75 => S75 | To76 => S76 | To77 => S77 | To78 => S78 | To79 => S79 | To80 => S80 | To81 => S81 | To82
        => S82 | To83 => S83 | To84 => S84 | To85 => S85 | To86 => S86 | To87 => S87 | To88 => S88 | To89 =>
        S89 | To90 => S90 | To91 => S91 | To92 => S92 | To93 => S93 | To94 => S94 | To95 => S95 | To96 => S96
        | To97 => S97 | To98 => S98 | To99 => S99 | To100 => S100 | To101 => S101 | To102 => S102 | To103 =>
        S103 | To104 => S104 | To105 => S105 | To106 => S106 | To107 => S107 | To108 => S108 | To109 => S109 |
        To110 => S110 | To111 => S111 | To112 => S112 | To113 => S113 | To114 => S114 | To115 => S115 | To116
        => S116 | To117 => S117 | To118 => S118 | To119 => S119 | To120 => S120 | To121 => S121 | To122 =>
        S122 | To123 => S123 | To124 => S124 | To125 => S125 | To126 => S126
    })]
    fn on_and_on(&mut self) -> Onward {
        todo!()
    }

    #[after(1 h in _ => end)]
    fn late(&mut self) {}
}

fn main() {}
