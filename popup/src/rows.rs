//! Which rows of a long list are in the document: those near what is seen, and those that have to stay. In the place of
//! the others are gaps, as high as the rows are, as far as that is known.

use std::collections::HashMap;
use std::ops::Range;

use fluence::state::ItemId;

/// How far beyond what is seen there are rows, in CSS pixels.
const MARGIN: i32 = 900;
/// How near to their edge one may come before there are others, in CSS pixels.
const NEAR: i32 = 400;
/// The number of [`Shape`]s.
const SHAPES: usize = 4;

/// What the height of a row depends on as long as nothing in it was opened; less than [`SHAPES`].
pub type Shape = u8;

/// The heights of the rows of a list, and which of them are in the document.
pub struct Rows {
    /// The height of each shape, and whether it was measured.
    usual: [(i32, bool); SHAPES],
    /// The heights of the measured rows that are not as high as others of their shape.
    others: HashMap<ItemId, (Shape, i32)>,
    /// Where each row begins, and where the last one ends.
    tops: Vec<i32>,
    /// Whether heights have changed since then.
    changed: bool,
    /// What is seen of the list.
    seen: Range<i32>,
    near: Range<usize>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            // Ordinary, failed, moving, and moving after a failure; until the first of each was measured.
            usual: [(54, false), (100, false), (82, false), (120, false)],
            others: HashMap::new(),
            tops: vec![0],
            changed: true,
            seen: 0..600,
            near: 0..0,
        }
    }
}

impl Rows {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.tops.len() - 1
    }

    /// Notes that rows have come, gone or changed.
    pub fn change(&mut self) {
        self.changed = true;
    }

    /// Forgets all heights, because the page has another width.
    pub fn forget(&mut self) {
        let seen = self.seen.clone();
        *self = Self {
            seen,
            ..Self::default()
        };
    }

    /// Places the rows of the list one below the other, if anything has changed.
    pub fn place(&mut self, list: &[(ItemId, Shape)]) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        self.tops.clear();
        self.tops.push(0);
        let mut top = 0;
        for (id, shape) in list {
            let other = self.others.get(id).filter(|(then, _)| then == shape);
            top += other.map_or(self.usual[usize::from(*shape)].0, |(_, height)| *height);
            self.tops.push(top);
        }
        self.near = self.within(MARGIN);
    }

    /// Notes how high a row is. An `ordinary` one has nothing that was opened.
    pub fn measured(&mut self, id: &ItemId, shape: Shape, height: i32, ordinary: bool) {
        let usual = &mut self.usual[usize::from(shape)];
        if ordinary && !usual.1 {
            self.changed |= usual.0 != height;
            *usual = (height, true);
        }
        let other = (height != usual.0).then_some((shape, height));
        if self.others.get(id) != other.as_ref() {
            self.changed = true;
            match other {
                Some(other) => self.others.insert(id.clone(), other),
                None => self.others.remove(id),
            };
        }
    }

    /// Notes what is seen of the list, in CSS pixels from its top, and returns whether other rows have to be in the
    /// document now.
    pub fn look(&mut self, seen: Range<i32>) -> bool {
        self.seen = seen;
        let needed = self.within(NEAR);
        let enough = self.near.start <= needed.start && self.near.end >= needed.end;
        if !enough {
            self.near = self.within(MARGIN);
        }
        !enough
    }

    /// The rows in the document: those near what is seen, and these, in their order.
    pub fn drawn(&self, kept: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut drawn: Vec<usize> = self.near.clone().chain(kept).collect();
        drawn.retain(|at| *at < self.len());
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }

    /// How high these rows are together.
    pub fn height(&self, rows: Range<usize>) -> i32 {
        self.tops[rows.end] - self.tops[rows.start]
    }

    /// The rows that are seen, or at most so far above or below.
    fn within(&self, margin: i32) -> Range<usize> {
        let (from, to) = (self.seen.start - margin, self.seen.end + margin);
        let start = self.tops[1..].partition_point(|bottom| *bottom <= from);
        let end = self.tops[..self.len()].partition_point(|top| *top < to);
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: usize) -> Vec<(ItemId, Shape)> {
        let row = |n| (ItemId(format!("{n:032x}")), 0);
        (0..count).map(row).collect()
    }

    fn placed(list: &[(ItemId, Shape)]) -> Rows {
        let mut rows = Rows::default();
        rows.place(list);
        rows
    }

    #[test]
    fn only_rows_near_what_is_seen_are_in_the_document() {
        let list = list(10_000);
        let mut rows = placed(&list);
        assert_eq!(rows.drawn([].into_iter()), (0..28).collect::<Vec<_>>());
        assert!(!rows.look(100..700));
        assert!(rows.look(270_000..270_600));
        let drawn = rows.drawn([3, 5_000].into_iter());
        // One that stays is in its place, and one that is near anyway is there once.
        assert_eq!((drawn[0], drawn[1]), (3, 4_983));
        assert_eq!(drawn.len(), 46);
        let gaps = rows.height(0..3) + rows.height(4..4_983) + rows.height(5_028..10_000);
        assert_eq!(gaps + 46 * 54, 540_000);
    }

    #[test]
    fn there_are_rows_before_they_are_seen_and_at_both_ends() {
        let list = list(1_000);
        let mut rows = placed(&list);
        for top in (0..53_400).chain((0..53_400).rev()) {
            rows.look(top..top + 600);
            let near = rows.near.clone();
            let (above, below) = (near.start as i32 * 54, near.end as i32 * 54);
            assert!(above <= (top - NEAR).max(0), "{top}: {near:?}");
            assert!(below >= (top + 600 + NEAR).min(54_000), "{top}: {near:?}");
            assert!(near.len() < 50, "{top}: {near:?}");
        }
        // Beyond the end, after the list has become shorter.
        rows.look(1_000_000..1_000_600);
        assert!(rows.drawn([].into_iter()).is_empty());
        rows.look(-2_000..-1_400);
        assert!(rows.drawn([1_000].into_iter()).is_empty());
    }

    #[test]
    fn heights_are_learned() {
        let mut list = list(100);
        list[1].1 = 1;
        list[2].1 = 1;
        let mut rows = placed(&list);
        rows.measured(&list[0].0, 0, 50, true);
        // An open row says nothing about others.
        rows.measured(&list[1].0, 1, 300, false);
        rows.measured(&list[2].0, 1, 90, true);
        rows.place(&list);
        assert_eq!(rows.height(0..3), 50 + 300 + 90);
        assert_eq!(rows.height(3..100), 97 * 50);
        // It was closed, and another one has ended.
        rows.measured(&list[1].0, 1, 90, true);
        list[2].1 = 0;
        rows.change();
        rows.place(&list);
        assert_eq!(rows.height(0..3), 50 + 90 + 50);
        rows.forget();
        rows.place(&list);
        assert_eq!(rows.height(0..1), 54);
    }

    #[test]
    fn an_empty_list_has_no_rows() {
        let mut rows = placed(&[]);
        assert_eq!((rows.len(), rows.drawn([0].into_iter())), (0, vec![]));
        assert!(!rows.look(0..600));
    }
}
