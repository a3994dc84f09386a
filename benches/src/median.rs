//! The middle of a few noisy measurements.

/// The median; of an even number, the mean of the middle two. NaN of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn one_outlier_does_not_move_it() {
        assert_eq!(
            median([3.0, 1_000.0, 2.0]).total_cmp(&3.0),
            std::cmp::Ordering::Equal
        );
    }

    #[test]
    fn of_an_even_number_it_is_the_mean_of_the_middle_two() {
        assert_eq!(
            median([4.0, 1.0, 2.0, 9.0]).total_cmp(&3.0),
            std::cmp::Ordering::Equal
        );
    }

    #[test]
    fn of_nothing_it_is_nothing() {
        assert!(median([]).is_nan());
    }
}
