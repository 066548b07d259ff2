use rand::{RngExt, rngs::Xoshiro256PlusPlus};

/// The generator's source of chance: the same numbers for the same seed on every machine and in every release.
pub(crate) type Random = Xoshiro256PlusPlus;

/// A choice among a few things, each as likely as its weight says.
#[derive(Clone, Debug)]
pub(crate) struct Weighted {
    /// Ends of the things' shares of [0, 1), ascending.
    ends: Vec<f64>,
}

impl Weighted {
    /// Negative weights count as 0.
    pub fn new(weights: impl Iterator<Item = f64>) -> Self {
        let mut weighted = Self { ends: Vec::new() };
        weighted.set(weights);
        weighted
    }

    /// Other weights, in the same memory.
    pub fn set(&mut self, weights: impl Iterator<Item = f64>) {
        let mut sum = 0.0;
        self.ends.clear();
        self.ends.extend(weights.map(|weight| {
            sum += weight.max(0.0);
            sum
        }));
        if sum > 0.0 {
            self.ends.iter_mut().for_each(|end| *end /= sum);
        }
    }

    /// An index below the number of weights; 0 where there are none.
    pub fn choose(&self, random: &mut Random) -> usize {
        let at: f64 = random.random_range(0.0..1.0);
        // Rounding may leave the last end below 1.
        self.ends.partition_point(|end| *end <= at).min(self.ends.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn things_are_chosen_as_often_as_they_weigh() {
        let weighted = Weighted::new([1.0, 0.0, 3.0].into_iter());
        let mut random = Random::seed_from_u64(7);
        let mut chosen = [0_u32; 3];
        for _ in 0..40_000 {
            chosen[weighted.choose(&mut random)] += 1;
        }
        assert_eq!(chosen[1], 0);
        assert!((9_600..10_400).contains(&chosen[0]), "{chosen:?}");
    }
}
