// Stores of the strided result of attention's products. The including kernel declares `y: array<StoredY>`.

// Four neighbouring elements of a row, as far as they lie in it.
fn store(at: u32, left: u32, value: vec4f) {
  y[at] = StoredY(value.x);
  if (left > 1u) {
    y[at + 1u] = StoredY(value.y);
  }
  if (left > 2u) {
    y[at + 2u] = StoredY(value.z);
  }
  if (left > 3u) {
    y[at + 3u] = StoredY(value.w);
  }
}

// A whole row of a tile: eight elements, as far as they lie in it.
fn store_row(at: u32, left: u32, value0: vec4f, value1: vec4f) {
  store(at, left, value0);
  if (left > 4u) {
    store(at + 4u, left - 4u, value1);
  }
}
