//! Whether every configuration that can be reached can still come to an end.

/// The first configuration from which none of the `good` ones can be reached any more.
pub(super) fn cannot_end(states: usize, edges: &[(u32, u32)], good: &[u32]) -> Option<u32> {
    let (starts, sources) = backwards(states, edges);
    let mut can_end = vec![false; states];
    let mut open: Vec<u32> = good.to_vec();
    for &state in good {
        can_end[state as usize] = true;
    }
    while let Some(state) = open.pop() {
        let state = state as usize;
        for &source in &sources[starts[state] as usize..starts[state + 1] as usize] {
            if !can_end[source as usize] {
                can_end[source as usize] = true;
                open.push(source);
            }
        }
    }
    let lost = can_end.iter().position(|can_end| !can_end)?;
    u32::try_from(lost).ok()
}

/// For each state, where the states that lead to it begin in the list of them.
fn backwards(states: usize, edges: &[(u32, u32)]) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; states + 1];
    for &(_, to) in edges {
        starts[to as usize + 1] += 1;
    }
    for state in 0..states {
        starts[state + 1] += starts[state];
    }
    let mut next = starts.clone();
    let mut sources = vec![0_u32; edges.len()];
    for &(from, to) in edges {
        let at = &mut next[to as usize];
        sources[*at as usize] = from;
        *at += 1;
    }
    (starts, sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_without_a_way_out_is_found_and_one_with_a_way_out_is_not() {
        let round = [(0, 1), (1, 0), (1, 2)];
        assert_eq!(cannot_end(3, &round, &[2]), None);
        let trap = [(0, 1), (0, 2), (1, 3), (3, 1)];
        assert_eq!(cannot_end(4, &trap, &[2]), Some(1));
    }
}
