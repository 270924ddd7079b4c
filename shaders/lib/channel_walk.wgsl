// Walks the elements of one channel of x [batch, channels, length], every `parts`-th from `part` on.
// The including kernel declares Params with channels, length and total (elements of a channel).
// With length 1 neighbouring invocations take neighbouring channels, else neighbouring elements of one channel.

struct Place {
  offset: u32,
  // Position along `length`.
  l: u32,
}

fn channel_of(id: u32, parts: u32) -> u32 {
  return select(id / parts, id % params.channels, params.length == 1u);
}

fn part_of(id: u32, parts: u32) -> u32 {
  return select(id % parts, id / params.channels, params.length == 1u);
}

fn place_of(channel: u32, j: u32) -> Place {
  let l = j % params.length;
  return Place((j / params.length * params.channels + channel) * params.length + l, l);
}

// How many elements a part has; part < parts.
fn visits_of(part: u32, parts: u32) -> u32 {
  return (params.total + parts - 1u - part) / parts;
}

// `stride` is place_of(0, parts).
fn next_place(place: Place, stride: Place) -> Place {
  let next = Place(place.offset + stride.offset, place.l + stride.l);
  if (next.l < params.length) {
    return next;
  }
  return Place(next.offset + (params.channels - 1u) * params.length, next.l - params.length);
}
