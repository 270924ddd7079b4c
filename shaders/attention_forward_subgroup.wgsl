// o_i = sum_j keep_ij * w_ij * v_j with w_ij = exp(s_ij - l_i), s_ij = scale * q_i · k_j + mask_ij, l_i = log(sum_j exp(s_ij)).
//
// Shapes: q [heads, queries, head_dim], k [heads / group, keys, head_dim], v [heads / group, keys, value_dim],
//         o [heads, queries, value_dim], a batch of each, strided, f32 or f16; l [batch, heads, queries].
// Work:   a workgroup is one subgroup and owns ROWS queries of a head. Of 4 LANES keys at a time each lane computes four
//         columns of scores; the lanes share each row's maximum, and then, one lane's weights after the other, sum
//         four columns of o each. The softmax is online: a new highest score fades what was summed before, which waits
//         in o or sums. No workgroup memory, no barriers, no scratch; the code does not depend on the sizes. A row without a
//         visible key gets o = 0 and l = 0.
// Memory: q once; k and v once a block of rows; o once for each 4 LANES keys.
// Source: Dao et al., FlashAttention, arXiv 2205.14135; Milakov and Gimelshein, arXiv 1805.02867.

// f32 where rows of v and o are not whole vec4s; attention/scalars_v_o.wgsl then replaces loads and stores.
alias Pack = vec4f;
// In memory: half as wide for f16.
alias StoredQ = f32;
alias StoredK = f32;
alias StoredV = Pack;
alias StoredO = Pack;

@group(0) @binding(0) var<storage, read> q: array<StoredQ>;
@group(0) @binding(1) var<storage, read> k: array<StoredK>;
@group(0) @binding(2) var<storage, read> v: array<StoredV>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read_write> o: array<StoredO>;
@group(0) @binding(5) var<storage, read_write> l: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<Pack>;
@group(0) @binding(7) var<uniform> held_rate: f32;
@group(0) @binding(8) var<uniform> params: Params;

// What is summed before the last keys waits in sums, f32 and laid out as o, where o itself is f16.
override O_IS_HALF: bool = false;

//#include "lib/attention_subgroup_scores.wgsl"

fn load_v(at: u32) -> vec4f {
  return vec4f(v[at / 4u]);
}

fn load_sums(at: u32) -> vec4f {
  if (O_IS_HALF) {
    return sums[at / 4u];
  }
  return vec4f(o[at / 4u]);
}

// The first `left` of four elements.
fn store_o(at: u32, left: u32, value: vec4f) {
  o[at / 4u] = StoredO(value);
}

fn store_sums(at: u32, left: u32, value: vec4f) {
  sums[at / 4u] = value;
}

// Four rows of the online softmax.
struct Softmax {
  // Of this lane's keys.
  weights: mat4x4f,
  highest: vec4f,
  // Of this lane's weights so far.
  sum: vec4f,
  // What earlier sums must be multiplied by.
  fade: vec4f,
}

fn softmax_step(scores: mat4x4f, before: vec4f, sum: vec4f) -> Softmax {
  let columns = transpose(scores);
  let highest = max(before, max_over_lanes(max(max(columns[0], columns[1]), max(columns[2], columns[3]))));
  let fade = exp(before - highest);
  let weights = weights_of_four(scores, highest);
  let weight_columns = transpose(weights);
  return Softmax(weights, highest, sum * fade + weight_columns[0] + weight_columns[1] + weight_columns[2] + weight_columns[3], fade);
}

fn max_over_lanes(value: vec4f) -> vec4f {
  var most = value;
  for (var apart = 1u; apart < LANES; apart *= 2u) {
    most = max(most, subgroupShuffleXor(most, apart));
  }
  return most;
}

fn sum_over_lanes(value: vec4f) -> vec4f {
  var sum = value;
  for (var apart = 1u; apart < LANES; apart *= 2u) {
    sum += subgroupShuffleXor(sum, apart);
  }
  return sum;
}

fn weights_from(weights: mat4x4f, lane: u32) -> mat4x4f {
  return mat4x4f(subgroupShuffle(weights[0], lane), subgroupShuffle(weights[1], lane), subgroupShuffle(weights[2], lane), subgroupShuffle(weights[3], lane));
}

// 1 / sum, and 0 where no key is seen.
fn inverse(sum: vec4f) -> vec4f {
  return select(1.0 / sum, vec4f(0.0), sum == vec4f(0.0));
}

fn log_of_sum(highest: vec4f, sum: vec4f) -> vec4f {
  return select(highest + log(sum), vec4f(0.0), sum == vec4f(0.0));
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let blocks = (params.queries + ROWS - 1u) / ROWS;
  let block = workgroup.x + workgroup.y * workgroups.x;
  let plane = block / blocks;
  if (plane >= params.planes) {
    return;
  }
  let batch = plane / params.heads;
  let head = plane % params.heads;
  let kv_head = head / params.group;
  let row = block % blocks * ROWS;
  let row_end = min(row + ROWS, params.queries);
  let last_key = params.keys - 1u;
  let dropout = dropout_of(params.rate, held_rate);
  let own_q = params.q_offset + batch * params.q_batch + head * params.q_head + own_rows(row, lane, params.queries - 1u) * params.q_row;
  let k_at = params.k_offset + batch * params.k_batch + kv_head * params.k_head;
  let v_at = params.v_offset + batch * params.v_batch + kv_head * params.v_head;
  let o_at = params.o_offset + batch * params.o_batch + head * params.o_head;

  let none = vec4f(LOWEST);
  var highest = Rows(none, none, none, none);
  var sum = Rows();
  let end = visible_keys(row_end - 1u);
  for (var start = 0u; start < end; start += 4u * LANES) {
    let key = start + 4u * lane;
    let products = inner_products(own_q, k_at + min(key + vec4u(0u, 1u, 2u, 3u), vec4u(last_key)) * params.k_row);
    let scores = final_scores(products, plane, row, row_end, key);
    let a = softmax_step(scores.a, highest.a, sum.a);
    var weights = Tile();
    var fade = Rows();
    weights.a = a.weights;
    highest.a = a.highest;
    sum.a = a.sum;
    fade.a = a.fade;
    if (ROWS > 4u) {
      let b = softmax_step(scores.b, highest.b, sum.b);
      let c = softmax_step(scores.c, highest.c, sum.c);
      let d = softmax_step(scores.d, highest.d, sum.d);
      weights = Tile(a.weights, b.weights, c.weights, d.weights);
      highest = Rows(a.highest, b.highest, c.highest, d.highest);
      sum = Rows(a.sum, b.sum, c.sum, d.sum);
      fade = Rows(a.fade, b.fade, c.fade, d.fade);
    }
    if (DROPOUT) {
      weights = dropped(weights, keep_tile(dropout, plane, row, row_end, key));
    }
    let one = vec4f(1.0);
    var scale = Rows(one, one, one, one);
    if (start + 4u * LANES >= end) {
      sum = Rows(sum_over_lanes(sum.a), sum_over_lanes(sum.b), sum_over_lanes(sum.c), sum_over_lanes(sum.d));
      scale = Rows(inverse(sum.a), inverse(sum.b), inverse(sum.c), inverse(sum.d));
    }
    var fades = array<vec4f, 4>(fade.a, fade.b, fade.c, fade.d);
    var scales = array<vec4f, 4>(scale.a, scale.b, scale.c, scale.d);

    for (var chunk = 0u; chunk < params.value_dim; chunk += 4u * LANES) {
      let col = chunk + 4u * lane;
      // Lanes past the last column repeat it and store nothing.
      let v_col = v_at + min(col, (params.value_dim - 1u) / 4u * 4u);
      var y = Tile();
      for (var from_lane = 0u; from_lane < LANES && start + 4u * from_lane < end; from_lane++) {
        let j = start + 4u * from_lane;
        // One column a key; keys past the last have weight 0.
        let values = mat4x4f(
          load_v(v_col + j * params.v_row),
          load_v(v_col + min(j + 1u, last_key) * params.v_row),
          load_v(v_col + min(j + 2u, last_key) * params.v_row),
          load_v(v_col + min(j + 3u, last_key) * params.v_row),
        );
        y.a += values * weights_from(weights.a, from_lane);
        if (ROWS > 4u) {
          y.b += values * weights_from(weights.b, from_lane);
          y.c += values * weights_from(weights.c, from_lane);
          y.d += values * weights_from(weights.d, from_lane);
        }
      }
      if (col < params.value_dim) {
        var values = rows_of(y);
        for (var query = row; query < row_end; query++) {
          let r = query - row;
          let at = o_at + query * params.o_row + col;
          var value = values[r];
          if (start > 0u) {
            value += fades[r / 4u][r % 4u] * load_sums(at);
          }
          if (O_IS_HALF && start + 4u * LANES < end) {
            store_sums(at, params.value_dim - col, value);
          } else {
            store_o(at, params.value_dim - col, value * scales[r / 4u][r % 4u]);
          }
        }
      }
    }
  }

  if (end == 0u) {
    for (var query = row; query < row_end; query++) {
      for (var col = 4u * lane; col < params.value_dim; col += 4u * LANES) {
        store_o(o_at + query * params.o_row + col, params.value_dim - col, vec4f(0.0));
      }
    }
  }
  var logs = array<vec4f, 4>(log_of_sum(highest.a, sum.a), log_of_sum(highest.b, sum.b), log_of_sum(highest.c, sum.c), log_of_sum(highest.d, sum.d));
  for (var query = row + lane; query < row_end; query += LANES) {
    let r = query - row;
    l[plane * params.queries + query] = logs[r / 4u][r % 4u];
  }
}
