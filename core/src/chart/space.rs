//! Free space in a plot: words in its corners and beside its marks, none over another.

use super::sheet::{Align, Rect, Sheet, Type};

/// Room of a line of text above and below its baseline, in em.
const ABOVE_EM: f64 = 0.93;
const BELOW_EM: f64 = 0.27;

/// Letters of a shortened name that still say something.
pub(super) const LETTERS_MIN: usize = 8;

/// Returns a name as far as it fits; nothing where too little of it would.
pub(super) fn fit_telling(sheet: &Sheet<'_>, name: &str, look: &Type, width_px: f64) -> String {
    let text = sheet.fit(name, look, width_px);
    let is_told = !text.ends_with('…') || text.chars().count() >= LETTERS_MIN;
    if is_told { text } else { String::new() }
}

/// A plot whose space is given away, the first asked first.
pub(super) struct Space {
    room: Rect,
    taken: Vec<Rect>,
    /// Lines that words keep off where they can.
    shunned: Vec<Rect>,
}

/// A corner of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Corner {
    pub(super) is_top: bool,
    pub(super) is_left: bool,
}

impl Space {
    pub(super) const fn new(room: Rect) -> Self {
        Self {
            room,
            taken: Vec::new(),
            shunned: Vec::new(),
        }
    }

    /// Keeps words off a line where they can.
    pub(super) fn shun(&mut self, line: Rect) {
        self.shunned.push(line);
    }

    /// Keeps words off a mark.
    pub(super) fn take(&mut self, (x, y): (f64, f64), radius_px: f64) {
        self.taken.push(Rect {
            left: x - radius_px,
            top: y - radius_px,
            right: x + radius_px,
            bottom: y + radius_px,
        });
    }

    /// Writes into a corner of a field of the plot; words that would have to be cut are left out.
    pub(super) fn corner(
        &mut self,
        sheet: &mut Sheet<'_>,
        text: &str,
        look: &Type,
        (field, corner): (Rect, Corner),
    ) {
        let gap = 0.4 * look.size_px;
        let baseline = match corner.is_top {
            true => field.top + gap + look.cap_px(),
            false => field.bottom - gap,
        };
        let (x, align) = match corner.is_left {
            true => (field.left + gap, Align::Start),
            false => (field.right - gap, Align::End),
        };
        let width = sheet.width(text, look);
        if width > field.width() - 2.0 * gap || look.size_px > field.height() - gap {
            return;
        }
        let left = match align {
            Align::End => x - width,
            Align::Start | Align::Middle => x,
        };
        let room = line((left, baseline), width, look);
        if self.is_taken(&room) {
            return;
        }
        sheet.text(text, (x, baseline), look, align);
        self.taken.push(room);
    }

    /// Writes beside a mark, on the side where there is space; says whether there was any.
    pub(super) fn beside(
        &mut self,
        sheet: &mut Sheet<'_>,
        text: &str,
        look: &Type,
        (x, y): (f64, f64),
        radius_px: f64,
    ) -> bool {
        let width = sheet.width(text, look);
        let gap = radius_px + 0.35 * look.size_px;
        let middle = y + look.cap_px() / 2.0;
        let places = [
            (x + gap, middle),
            (x - gap - width, middle),
            (x - width / 2.0, y - gap),
            (x - width / 2.0, y + gap + look.cap_px()),
            (x + 0.7 * gap, y - 0.7 * gap),
            (x + 0.7 * gap, y + 0.7 * gap + look.cap_px()),
            (x - 0.7 * gap - width, y - 0.7 * gap),
            (x - 0.7 * gap - width, y + 0.7 * gap + look.cap_px()),
        ];
        let is_free = |place: &(f64, f64)| {
            let room = line(*place, width, look);
            self.holds(&room) && !self.is_taken(&room)
        };
        let is_clear = |place: &(f64, f64)| {
            let room = line(*place, width, look);
            !self.shunned.iter().any(|line| line.meets(&room))
        };
        let mut free = places.iter().copied().filter(is_free);
        let clear = free.clone().find(is_clear);
        let free = clear.or_else(|| free.next());
        let Some(place) = free.filter(|_| !text.is_empty()) else {
            return false;
        };
        sheet.text(text, place, look, Align::Start);
        self.taken.push(line(place, width, look));
        true
    }

    fn holds(&self, room: &Rect) -> bool {
        room.left >= self.room.left
            && room.right <= self.room.right
            && room.top >= self.room.top
            && room.bottom <= self.room.bottom
    }

    fn is_taken(&self, room: &Rect) -> bool {
        self.taken.iter().any(|taken| taken.meets(room))
    }
}

fn line((left, baseline): (f64, f64), width: f64, look: &Type) -> Rect {
    Rect {
        left,
        top: baseline - ABOVE_EM * look.size_px,
        right: left + width,
        bottom: baseline + BELOW_EM * look.size_px,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Size;
    use crate::chart::fonts::{Fonts, Weight};
    use crate::chart::theme::Rgb;

    const ROOM: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 200.0,
        bottom: 100.0,
    };

    const SIZE: Size = Size {
        width_px: 200,
        height_px: 100,
    };

    fn look() -> Type {
        Type::new(10.0, Weight::Regular, Rgb(0, 0, 0))
    }

    /// Writes `text` beside a mark in the middle and returns its place, if it has one.
    fn placed(text: &str, prepare: impl Fn(&mut Space)) -> Option<Rect> {
        let fonts = Fonts::embedded();
        let mut sheet = Sheet::new(&fonts, SIZE, Rgb(255, 255, 255));
        let mut space = Space::new(ROOM);
        prepare(&mut space);
        let is_placed = space.beside(&mut sheet, text, &look(), (100.0, 50.0), 4.0);
        assert_eq!(is_placed, !sheet.boxes().is_empty());
        sheet.boxes().first().map(|text| text.room)
    }

    #[test]
    fn a_name_stands_right_of_its_mark() {
        let room = placed("name", |_| {}).expect("space");
        assert!(room.left > 104.0 && room.top < 50.0 && room.bottom > 50.0);
    }

    #[test]
    fn a_name_gives_way_to_a_mark() {
        let room = placed("name", |space| space.take((115.0, 50.0), 8.0)).expect("space");
        assert!(room.right < 96.0, "{room:?}");
    }

    #[test]
    fn a_name_avoids_a_line_where_it_can() {
        let wall = |left: f64, right: f64| Rect {
            left,
            right,
            ..ROOM
        };
        let room = placed("name", |space| space.shun(wall(110.0, 111.0))).expect("space");
        assert!(room.right < 96.0, "{room:?}");
        let room = placed("name", |space| space.shun(wall(0.0, 200.0))).expect("space");
        assert!(room.left > 104.0, "{room:?}");
    }

    #[test]
    fn a_name_without_space_is_left_out() {
        assert_eq!(
            placed("name", |space| space.take((100.0, 50.0), 90.0)),
            None
        );
        assert_eq!(placed(&"wide ".repeat(30), |_| {}), None);
        assert_eq!(placed("", |_| {}), None);
    }

    #[test]
    fn a_corner_is_written_once_and_only_in_full() {
        let fonts = Fonts::embedded();
        let mut sheet = Sheet::new(&fonts, SIZE, Rgb(255, 255, 255));
        let mut space = Space::new(ROOM);
        let corner = Corner {
            is_top: true,
            is_left: false,
        };
        let narrow = Rect {
            left: 170.0,
            ..ROOM
        };
        space.corner(&mut sheet, "too wide for it", &look(), (narrow, corner));
        assert_eq!(sheet.boxes().len(), 0);
        for _ in 0..2 {
            space.corner(&mut sheet, "corner", &look(), (ROOM, corner));
        }
        let boxes = sheet.boxes();
        assert_eq!(boxes.len(), 1);
        assert!(boxes[0].room.right < 200.0 && boxes[0].room.left > 150.0);
    }

    #[test]
    fn a_shortened_name_says_something_or_nothing() {
        let fonts = Fonts::embedded();
        let sheet = Sheet::new(&fonts, SIZE, Rgb(255, 255, 255));
        let fit = |width| fit_telling(&sheet, "Waiting for a technician", &look(), width);
        assert_eq!(fit(300.0), "Waiting for a technician");
        assert!(fit(70.0).ends_with('…') && fit(70.0).chars().count() >= LETTERS_MIN);
        assert_eq!(fit(20.0), "");
        assert_eq!(fit_telling(&sheet, "A", &look(), 20.0), "A");
    }
}
