/** Writes a filter as text in the filter language, so that a link can narrow it. Pure. */
import type { Filter } from "../lists/filter.ts";
import { term } from "./components/tags.tsx";

const MEMBERS = [
	"state",
	"id",
	"name",
	"handler",
	"cause",
	"reason",
	"text",
] as const;

export function filterText(filter: Filter): string {
	const words = MEMBERS.flatMap((word) => {
		const value = filter[word];
		return value ? [term(word, value)] : [];
	});
	const tags = Object.entries(filter.tags ?? {}).map(([key, value]) =>
		term(`tag.${key}`, value),
	);
	const times = (["since", "until"] as const).flatMap((word) => {
		const at = filter[word];
		return at === undefined ? [] : [`${word}:${new Date(at).toISOString()}`];
	});
	return [...words, ...tags, ...times].join(" ");
}
