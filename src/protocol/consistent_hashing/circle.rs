//! The circle of points that the ring algorithms share.
//!
//! Positions are the 2⁶⁴ values of a hash, clockwise is upwards, and the value after the greatest is zero. A
//! key belongs to the first point at or after its position (Karger et al., STOC 1997).
//!
//! The points lie sorted in one array. Because positions are hashes, they are spread evenly, so a table over
//! the upper bits of a position says where in the array to look: a lookup costs two memory accesses and on
//! average one comparison, where a binary search would cost as many of each as the logarithm of the points.

use crate::protocol::NodeId;

/// One virtual node: a point on the circle and the node that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RingPoint {
    /// Where on the circle.
    pub position: u64,
    /// Whose point it is.
    pub node: NodeId,
}

/// The points of all nodes, sorted. Of two points at one position the lower node number comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    points: Vec<RingPoint>,
    /// `starts[s]` is the index of the first point whose position has upper bits `s` or greater.
    starts: Vec<u32>,
    /// How far a position is shifted to leave its upper bits.
    shift: u32,
}

impl Default for Circle {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Circle {
    /// The circle of these points, in whatever order they come.
    pub fn new(mut points: Vec<RingPoint>) -> Self {
        // The stable sort of the standard library finds the runs that are sorted already, so adding a few
        // points to many costs a merge.
        points.sort();
        let bits = points.len().next_power_of_two().trailing_zeros().max(1);
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity(1 << bits);
        for (index, point) in points.iter().enumerate() {
            let sector = (point.position >> shift) as usize;
            if sector >= starts.len() {
                starts.resize(sector + 1, index as u32);
            }
        }
        starts.resize(1 << bits, points.len() as u32);
        Self { points, starts, shift }
    }

    /// Takes the points of some nodes off and puts others on.
    pub fn replace(&mut self, leaves: impl Fn(NodeId) -> bool, joining: impl IntoIterator<Item = RingPoint>) {
        let mut points = std::mem::take(&mut self.points);
        points.retain(|point| !leaves(point.node));
        points.extend(joining);
        *self = Self::new(points);
    }

    /// All points, clockwise from position zero.
    pub fn points(&self) -> &[RingPoint] {
        &self.points
    }

    /// The index in [`Circle::points`] of the first point at or after a position; past the last point that is
    /// the first one, and without points zero.
    #[inline]
    pub fn successor_index(&self, position: u64) -> usize {
        let start = self.starts.get((position >> self.shift) as usize).map_or(0, |start| *start as usize);
        let rest = self.points.get(start..).unwrap_or_default();
        match rest.iter().position(|point| point.position >= position) {
            Some(steps) => start + steps,
            None => 0,
        }
    }

    /// The first point at or after a position.
    #[inline]
    pub fn successor(&self, position: u64) -> Option<&RingPoint> {
        self.points.get(self.successor_index(position))
    }

    /// Every point once, clockwise from the first one at or after a position.
    pub fn walk(&self, position: u64) -> impl Iterator<Item = &RingPoint> {
        let (before, from) = self.points.split_at_checked(self.successor_index(position)).unwrap_or_default();
        from.iter().chain(before)
    }

    /// The nodes in the order in which a walk from a position first meets them.
    pub fn distinct_nodes(&self, position: u64) -> impl Iterator<Item = NodeId> {
        let mut met: Vec<NodeId> = Vec::new();
        self.walk(position).filter_map(move |point| {
            if met.contains(&point.node) {
                return None;
            }
            met.push(point.node);
            Some(point.node)
        })
    }

    /// The bytes of the points and of the table over their upper bits.
    pub fn memory_bytes(&self) -> u64 {
        (size_of_val(self.points.as_slice()) + size_of_val(self.starts.as_slice())) as u64
    }
}
