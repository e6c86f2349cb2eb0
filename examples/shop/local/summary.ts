/** Formats the summary of a successful demo: the final states of each event, and the totals. */
import { styleText } from "node:util";
import type { Lines } from "../../../cli/timeline/lines.ts";
import type { Account } from "./ledger.ts";

const COLUMNS = ["handlers", "delivered", "dead", "cancelled"] as const;

type Counts = Record<(typeof COLUMNS)[number], number>;

export function summary(accounts: Account[], lines: Lines): string {
	const byEvent = Map.groupBy(accounts, ({ id }) => id);
	const rows = [...byEvent.values()].map((own) => {
		const [{ id, event }] = own as [Account];
		return `${lines.id(id)}  ${event.padEnd(22)}  ${cells(count(own))}  ${notes(own)}`;
	});
	const total = count(accounts);
	const head = COLUMNS.map((column) => column.padStart(9)).join("  ");
	return [
		styleText("bold", `${"id".padEnd(6)}  ${"event".padEnd(22)}  ${head}`),
		...rows.map((row) => row.trimEnd()),
		styleText("bold", `${"".padEnd(6)}  ${"sum".padEnd(22)}  ${cells(total)}`),
		"",
		`${rows.length} events were accepted, with ${total.handlers} deliveries: ${total.delivered} delivered, ${total.dead} dead, ${total.cancelled} cancelled; every event is accounted for.`,
	].join("\n");
}

function count(accounts: Account[]): Counts {
	const ended = (end: string) =>
		accounts.filter(({ state }) => state === end).length;
	return {
		handlers: accounts.filter(({ handler }) => handler !== undefined).length,
		delivered: ended("delivered"),
		dead: ended("dead"),
		cancelled: ended("cancelled"),
	};
}

function cells(counts: Counts): string {
	return COLUMNS.map((column) =>
		(counts[column] === 0 ? "·" : String(counts[column])).padStart(9),
	).join("  ");
}

function notes(accounts: Account[]): string {
	return accounts
		.flatMap(({ handler, state, replayed, discarded }) => {
			if (state === "ignored") return "ignored";
			if (discarded) return `${handler} discarded`;
			return replayed ? `${handler} replayed` : [];
		})
		.join(", ");
}
