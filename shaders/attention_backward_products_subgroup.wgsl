// dq_i = sum_j ds_ij * k_j, dk_j = sum_i ds_ij * q_i and dv_j = sum_i p_ij * dout_i; the sums over queries i also over all
// heads that share key j.
//
// Shapes: weights [2, planes, queries, cols]: p, then ds, as attention_backward_weights_subgroup left them; q, k, dout as
//         there; dq as q, dk as k and dv as v, all in gradients. The planes are whole groups of heads.
// Work:   a workgroup is one subgroup and makes ROWS rows of 4 LANES columns of one of the three: first those of dq, then
//         of dk, then of dv. Every sum has one owner: no atomics. No workgroup memory, no barriers.
// Memory: a term loads ROWS weights and one vec4 a lane for 64 multiply-adds a lane.

// f32 where rows are not whole vec4s; attention/scalars_gradients.wgsl then replaces loads and stores.
alias Pack = vec4f;
// In memory: half as wide for f16.
alias StoredQ = Pack;
alias StoredK = Pack;
alias StoredDout = Pack;
alias StoredGradients = Pack;

@group(0) @binding(0) var<storage, read> q: array<StoredQ>;
@group(0) @binding(1) var<storage, read> k: array<StoredK>;
@group(0) @binding(2) var<storage, read> dout: array<StoredDout>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradients: array<StoredGradients>;
@group(0) @binding(5) var<uniform> params: Params;

//#include "lib/attention_subgroup.wgsl"
//#include "lib/attention_causal.wgsl"

fn load_q(at: u32) -> vec4f {
  return vec4f(q[at / 4u]);
}

fn load_k(at: u32) -> vec4f {
  return vec4f(k[at / 4u]);
}

fn load_dout(at: u32) -> vec4f {
  return vec4f(dout[at / 4u]);
}

// The first `left` of four elements.
fn store_gradient(at: u32, left: u32, value: vec4f) {
  gradients[at / 4u] = StoredGradients(value);
}

fn load_own_weights(at: vec4u) -> vec4f {
  var own = vec4f(weights[at.x], 0.0, 0.0, 0.0);
  if (LANES < 16u) {
    own.y = weights[at.y];
  }
  if (LANES == 4u) {
    own.z = weights[at.z];
    own.w = weights[at.w];
  }
  return own;
}

// What a workgroup makes of one of the three: rows from `row` on, 4 LANES columns from `col` on.
struct Job {
  slot: u32,
  row: u32,
  col: u32,
}

// Columns first, then rows, then planes `step` apart.
fn job_of(tile: u32, chunks: u32, rows: u32, step: u32) -> Job {
  let blocks = (rows + ROWS - 1u) / ROWS;
  return Job(tile / chunks / blocks * step, tile / chunks % blocks * ROWS, tile % chunks * LANES * 4u);
}

fn store_tile(y: Tile, at: u32, row_step: u32, row: u32, rows: u32, col: u32, cols: u32) {
  if (col >= cols) {
    return;
  }
  var values = rows_of(y);
  for (var i = row; i < min(row + ROWS, rows); i++) {
    store_gradient(at + i * row_step + col, cols - col, values[i - row]);
  }
}

// Lanes past the last column repeat it and store nothing.
fn safe_col(col: u32, cols: u32) -> u32 {
  return min(col, (cols - 1u) / 4u * 4u);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let head_chunks = (params.head_dim + 4u * LANES - 1u) / (4u * LANES);
  let value_chunks = (params.value_dim + 4u * LANES - 1u) / (4u * LANES);
  let key_blocks = params.planes / params.group * ((params.keys + ROWS - 1u) / ROWS);
  let dq_tiles = params.planes * ((params.queries + ROWS - 1u) / ROWS) * head_chunks;
  let dk_tiles = key_blocks * head_chunks;
  let dv_tiles = key_blocks * value_chunks;
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let ds_at = params.planes * params.queries * params.cols;
  var y = Tile();

  if (tile < dq_tiles) {
    let job = job_of(tile, head_chunks, params.queries, 1u);
    let col = job.col + 4u * lane;
    let plane = params.first_plane + job.slot;
    let batch = plane / params.heads;
    let head = plane % params.heads;
    let k_at = params.k_offset + batch * params.k_batch + head / params.group * params.k_head + safe_col(col, params.head_dim);
    let last = params.queries - 1u;
    let own = ds_at + (job.slot * params.queries + own_rows(job.row, lane, last)) * params.cols;
    let end = visible_keys(min(job.row + ROWS - 1u, last));
    for (var j = 0u; j < end; j++) {
      y = plus_outer(y, load_own_weights(own + j), load_k(k_at + j * params.k_row));
    }
    store_tile(y, params.dq_offset + batch * params.q_batch + head * params.q_head, params.q_row, job.row, params.queries, col, params.head_dim);
  } else if (tile < dq_tiles + dk_tiles) {
    let job = job_of(tile - dq_tiles, head_chunks, params.keys, params.group);
    let col = job.col + 4u * lane;
    let plane = params.first_plane + job.slot;
    let batch = plane / params.heads;
    let head = plane % params.heads;
    // Keys past the last lie in padding.
    let own = job.row + own_rows(0u, lane, ROWS - 1u);
    for (var member = 0u; member < params.group; member++) {
      let q_at = params.q_offset + batch * params.q_batch + (head + member) * params.q_head + safe_col(col, params.head_dim);
      let at = ds_at + (job.slot + member) * params.queries * params.cols + own;
      for (var i = first_query(job.row); i < params.queries; i++) {
        y = plus_outer(y, load_own_weights(at + i * params.cols), load_q(q_at + i * params.q_row));
      }
    }
    store_tile(y, params.dk_offset + batch * params.k_batch + head / params.group * params.k_head, params.k_row, job.row, params.keys, col, params.head_dim);
  } else if (tile < dq_tiles + dk_tiles + dv_tiles) {
    let job = job_of(tile - dq_tiles - dk_tiles, value_chunks, params.keys, params.group);
    let col = job.col + 4u * lane;
    let plane = params.first_plane + job.slot;
    let batch = plane / params.heads;
    let head = plane % params.heads;
    let own = job.row + own_rows(0u, lane, ROWS - 1u);
    for (var member = 0u; member < params.group; member++) {
      let dout_at = params.o_offset + batch * params.o_batch + (head + member) * params.o_head + safe_col(col, params.value_dim);
      let at = (job.slot + member) * params.queries * params.cols + own;
      for (var i = first_query(job.row); i < params.queries; i++) {
        y = plus_outer(y, load_own_weights(at + i * params.cols), load_dout(dout_at + i * params.o_row));
      }
    }
    store_tile(y, params.dv_offset + batch * params.v_batch + head / params.group * params.v_head, params.v_row, job.row, params.keys, col, params.value_dim);
  }
}
