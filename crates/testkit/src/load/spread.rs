//! Percentiles.

use serde::Serialize;

/// How long something took, milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Spread {
    pub count: usize,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// The nearest ranks of all these; nothing where there are none.
pub(super) fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    let rank = |percent: usize| {
        let rank = (values.len() * percent).div_ceil(100).max(1);
        values.get(rank - 1).copied()
    };
    Some(Spread { count: values.len(), p50: rank(50)?, p95: rank(95)?, p99: rank(99)?, max: rank(100)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_least_value_that_so_many_do_not_exceed() {
        let hundred = spread((1..=100).rev().map(f64::from).collect()).unwrap();
        assert_eq!(hundred, Spread { count: 100, p50: 50.0, p95: 95.0, p99: 99.0, max: 100.0 });
        let three = spread(vec![30.0, 10.0, 20.0]).unwrap();
        assert_eq!(three, Spread { count: 3, p50: 20.0, p95: 30.0, p99: 30.0, max: 30.0 });
        let one = spread(vec![7.0]).unwrap();
        assert_eq!((one.p50, one.max), (7.0, 7.0));
        assert_eq!(spread(vec![]), None);
    }
}
