// y[b, c, r] = x[b, r, c]: the last two axes exchanged, in 4x4 blocks held in registers.
//
// Shapes: x [batch, rows, cols], y [batch, cols, rows]; rows and cols are given in fours, any 4-byte type.
// Work:   one invocation a block: four vec4 loads, four vec4 stores, no workgroup memory.
// Memory: each element once in and once out.

// Four elements; f16 moves as f16.
alias StoredX = vec4u;
alias StoredY = StoredX;

struct Params {
  blocks: u32,
  row_blocks: u32,
  col_blocks: u32,
}

override WORKGROUP: u32 = 64u;

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (block >= params.blocks) {
    return;
  }
  let col = block % params.col_blocks;
  let row = (block / params.col_blocks) % params.row_blocks;
  let base = block / (params.col_blocks * params.row_blocks) * params.row_blocks * params.col_blocks * 4u;
  let source = base + row * 4u * params.col_blocks + col;
  let a = x[source];
  let b = x[source + params.col_blocks];
  let c = x[source + 2u * params.col_blocks];
  let d = x[source + 3u * params.col_blocks];
  let to = base + col * 4u * params.row_blocks + row;
  y[to] = StoredY(a.x, b.x, c.x, d.x);
  y[to + params.row_blocks] = StoredY(a.y, b.y, c.y, d.y);
  y[to + 2u * params.row_blocks] = StoredY(a.z, b.z, c.z, d.z);
  y[to + 3u * params.row_blocks] = StoredY(a.w, b.w, c.w, d.w);
}
