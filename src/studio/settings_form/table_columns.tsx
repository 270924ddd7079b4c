// Which columns of a table to train on.
import { telling } from "../state/notices.js";
import { chooseColumns, ownTable } from "../state/own_table.js";

/** More would fill the form. */
const mostListed = 24;

export function TableColumns() {
  const table = ownTable.value;
  if (!table || table.columns.length < 2 || table.columns.length > mostListed) return null;
  const { columns, chosen } = table;
  const toggle = (column: string) => void telling(async () => chooseColumns(chosen.includes(column) ? chosen.filter((other) => other !== column) : [...chosen, column]));
  return (
    <fieldset title="The text is made of these columns, a line for each row. With none chosen, each row is a line as it stands">
      <legend>Columns</legend>
      <div class="row">
        {columns.map((column) => (
          <label key={column} class="row">
            <input type="checkbox" checked={chosen.includes(column)} onChange={() => toggle(column)} />
            {column === "" ? "(no name)" : column}
          </label>
        ))}
      </div>
      <p class="muted small">{chosen.length === 0 ? "None chosen: each row is a line, as it stands." : "A line for each row, cells with a tab between."}</p>
    </fieldset>
  );
}
