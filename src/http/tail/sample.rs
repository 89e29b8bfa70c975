//! The rows that are shown of those of a tick: all, or a uniform sample when there are too many.

use fastrand::Rng;

/// Rows of a tick. It is bounded in rows and octets, whatever comes.
#[derive(Debug)]
pub(super) struct Sample {
    rows_max: usize,
    octets_max: usize,
    random: Rng,
    /// Rows that may be picked now: less than `rows_max` once large ones took the room.
    room: usize,
    picked: Vec<Picked>,
    octets: usize,
    matched: u64,
}

/// A row that was picked.
#[derive(Debug)]
struct Picked {
    /// Its place among the rows of the tick.
    place: u64,
    /// Its text; `None` until it is rendered.
    text: Option<String>,
}

impl Sample {
    /// An empty sample that picks at most `rows_max` rows, whose texts have at most `octets_max` octets together; a single
    /// row may have more.
    pub(super) fn new(rows_max: usize, octets_max: usize, random: Rng) -> Self {
        Self { rows_max, octets_max, random, room: rows_max, picked: Vec::new(), octets: 0, matched: 0 }
    }

    /// Rows so far, those included that were not picked.
    pub(super) fn matched(&self) -> u64 {
        self.matched
    }

    /// Adds `count` rows. `render` gives the text of the row with this index among them; it is called for rows that were
    /// picked alone.
    pub(super) fn add(&mut self, count: usize, mut render: impl FnMut(usize) -> Option<String>) {
        let first = self.matched;
        for _ in 0..count {
            self.pick(self.matched);
            self.matched += 1;
        }
        let mut at = 0;
        while let Some(row) = self.picked.get_mut(at) {
            if row.text.is_none() {
                let index = usize::try_from(row.place - first).unwrap_or(usize::MAX);
                let text = render(index).unwrap_or_default();
                self.octets += text.len();
                row.text = Some(text);
                if self.make_room() {
                    // Rows have moved.
                    at = 0;
                    continue;
                }
            }
            at += 1;
        }
    }

    /// Picks the row at `place` with the probability that makes the sample uniform, in place of any other.
    fn pick(&mut self, place: u64) {
        let row = Picked { place, text: None };
        if self.picked.len() < self.room {
            return self.picked.push(row);
        }
        let chosen = usize::try_from(self.random.u64(0..=place)).unwrap_or(usize::MAX);
        if let Some(other) = self.picked.get_mut(chosen) {
            self.octets -= other.text.as_ref().map_or(0, String::len);
            *other = row;
        }
    }

    /// Drops rows at random until the others are not too large; gives whether it dropped any. A smaller sample of a uniform
    /// one is uniform.
    fn make_room(&mut self) -> bool {
        let before = self.picked.len();
        while self.octets > self.octets_max && self.picked.len() > 1 {
            let row = self.picked.swap_remove(self.random.usize(0..self.picked.len()));
            self.octets -= row.text.map_or(0, |text| text.len());
            self.room = self.picked.len();
        }
        self.picked.len() < before
    }

    /// The picked rows in their order, and how many there were in all; the sample is empty then.
    pub(super) fn take(&mut self) -> (Vec<String>, u64) {
        let mut picked = std::mem::take(&mut self.picked);
        picked.sort_unstable_by_key(|row| row.place);
        self.room = self.rows_max;
        self.octets = 0;
        (picked.into_iter().filter_map(|row| row.text).collect(), std::mem::take(&mut self.matched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows_max: usize, octets_max: usize) -> Sample {
        Sample::new(rows_max, octets_max, Rng::with_seed(7))
    }

    #[test]
    fn as_many_as_there_is_room_for_are_all_picked_in_order() {
        let mut sample = sample(5, 1_000);
        sample.add(2, |index| Some(format!("a{index}")));
        sample.add(3, |index| Some(format!("b{index}")));
        assert_eq!(sample.take(), (["a0", "a1", "b0", "b1", "b2"].map(str::to_owned).to_vec(), 5));
        assert_eq!(sample.take(), (Vec::new(), 0));
    }

    #[test]
    fn of_more_each_is_picked_as_often_as_any_other() {
        let mut sample = sample(20, 100_000);
        let mut hits = [0_u32; 10];
        for _ in 0..2_000 {
            let mut rendered = 0;
            for part in 0..4 {
                sample.add(50, |index| {
                    rendered += 1;
                    Some((part * 50 + index).to_string())
                });
            }
            assert!(rendered <= 4 * 20, "only what is picked is rendered");
            let (rows, matched) = sample.take();
            assert_eq!((rows.len(), matched), (20, 200));
            let places: Vec<usize> = rows.iter().filter_map(|row| row.parse().ok()).collect();
            assert!(places.is_sorted());
            for place in places {
                hits[place / 20] += 1;
            }
        }
        // 4,000 each are expected; 60 is the standard deviation.
        assert!(hits.iter().all(|hits| (3_700..4_300).contains(hits)), "{hits:?}");
    }

    #[test]
    fn large_rows_make_the_sample_smaller_and_one_is_always_there() {
        let mut sample = sample(200, 1_000);
        sample.add(500, |_| Some("x".repeat(100)));
        let (rows, matched) = sample.take();
        assert_eq!((rows.len(), matched), (10, 500));
        sample.add(3, |_| Some("y".repeat(5_000)));
        let (rows, matched) = sample.take();
        assert_eq!((rows.len(), matched), (1, 3));
        sample.add(150, |_| Some("z".to_owned()));
        assert_eq!(sample.take().0.len(), 150, "the next tick has all room again");
    }
}
