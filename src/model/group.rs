//! What is committed together: batches of several shards, and the order of their events.

use crate::model::batch::Batch;
use crate::model::event::Event;

/// Where an event is among the batches of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the batch.
    pub batch: u32,
    /// Index of the event in it.
    pub event: u32,
}

/// Number of a commit. It rises with each commit that adds or changes rows, and is never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CommitNumber(pub u64);

/// Batches that are committed in one transaction.
#[derive(Debug, Default)]
pub struct Group {
    /// The batches.
    pub batches: Vec<Batch>,
    /// The events to be stored, in rising order of id. Events of the batches that are not named are not stored.
    pub places: Vec<Place>,
}

impl Group {
    /// The event at `place`, with the batch that its spans point into; `None` for a place that is not there.
    #[must_use]
    pub fn event(&self, place: Place) -> Option<(&Batch, &Event)> {
        event_at(&self.batches, place)
    }

    /// The events to be stored, in rising order of id, each with its batch.
    pub fn events(&self) -> impl Iterator<Item = (&Batch, &Event)> {
        self.places.iter().filter_map(|place| self.event(*place))
    }
}

/// The event at `place` among `batches`, with its batch; `None` for a place that is not there.
#[must_use]
pub fn event_at(batches: &[Batch], place: Place) -> Option<(&Batch, &Event)> {
    let batch = batches.get(place.batch as usize)?;
    Some((batch, batch.events.get(place.event as usize)?))
}
