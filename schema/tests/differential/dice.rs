//! Choices drawn from a list of numbers, so that shrinking the list shrinks what was built with it.

#[derive(Clone, Debug)]
pub struct Dice<'a> {
    rolls: &'a [u32],
}

impl<'a> Dice<'a> {
    pub fn new(rolls: &'a [u32]) -> Self {
        Self { rolls }
    }

    /// 0 once the list is used up; 0 is always the simplest choice.
    pub fn roll(&mut self) -> u32 {
        match self.rolls.split_first() {
            Some((first, rest)) => {
                self.rolls = rest;
                *first
            }
            None => 0,
        }
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.roll() as usize % limit
    }

    pub fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == odds - 1
    }

    pub fn pick<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        &from[self.below(from.len())]
    }

    pub fn long(&mut self) -> i64 {
        (i64::from(self.roll()) << 32) | i64::from(self.roll())
    }
}
