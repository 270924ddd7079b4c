// The step table: what the schedules say for each of the next steps. One uniform buffer, in vec4:
//
//   (first_row, rows, -, -) as u32 bits
//   rows of: (clip_norm, clip_value, 1 - ema_decay, -); for each group (lr, weight_decay, ln beta1, ln beta2), (own, flags);
//   the scalars that a user registered, four a vec4
//
// The optimizer's own count of steps picks the row, so a skipped step uses none up.

const TABLE_HEADER: u32 = 1u;
const TABLE_VEC4S: u32 = 4096u;
