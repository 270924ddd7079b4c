// What else the model could have written in place of a token.
import type { SampledToken } from "../protocol.js";
import type { Sample } from "../state/samples.js";
import { active } from "./state.js";
import { percent, visible } from "./words.js";

export function TokenDetails({ samples }: { samples: readonly Sample[] }) {
  const token = samples.find(({ id }) => id === active.value?.sample)?.tokens[active.value!.token];
  return (
    <aside class="token-details" aria-label="Probabilities of a token">
      {!token ? (
        <p class="muted small">Point at a token, or focus the text and press the arrow keys, to see what else the model could have written there.</p>
      ) : token.given ? (
        <p class="small">
          <code>{visible(token.text)}</code> was given, not written by the model.
        </p>
      ) : (
        <Alternatives token={token} />
      )}
    </aside>
  );
}

function Alternatives({ token }: { token: SampledToken }) {
  const { text, probability, alternatives } = token;
  const rows = alternatives.map((other) => ({ ...other, chosen: isSame(other, token) }));
  // A token that ends a character has the whole character as its text, and alternatives only their own part of it.
  if (!rows.some(({ chosen }) => chosen)) rows.push({ text, probability, chosen: true });
  return (
    <table class="alternatives">
      <caption>
        Written: <code>{visible(text)}</code>
      </caption>
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col">Probability</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i} class={row.chosen ? "chosen" : undefined}>
            <th scope="row">
              <code>{visible(row.text)}</code>
              {row.chosen && <span class="visually-hidden"> (written)</span>}
            </th>
            <td>
              <span class="bar" style={{ width: `${4 * row.probability}rem` }} />
              {percent(row.probability)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function isSame(other: { text: string; probability: number }, { text, probability }: SampledToken): boolean {
  return other.probability === probability && other.text === text;
}
