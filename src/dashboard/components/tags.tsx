/** The tags of an event, each a link to the events that have it. */
import { useView } from "../view.ts";

export function Tags({
	tags,
	list,
}: {
	tags: Readonly<Record<string, string>> | undefined;
	/** The path of the list that the links filter. */
	list: string;
}) {
	const { base } = useView();
	const all = Object.entries(tags ?? {});
	if (all.length === 0) return null;
	return (
		<span class="tags">
			{all.map(([key, value]) => (
				<a
					class="tag"
					href={`${base}${list}?${new URLSearchParams({ q: term(`tag.${key}`, value) })}`}
				>
					{key}:<b>{value}</b>
				</a>
			))}
		</span>
	);
}

/** A word of the filter language. */
export function term(word: string, value: string): string {
	return /^[^\s"]+$/.test(value)
		? `${word}:${value}`
		: `${word}:"${value.replace(/["\\]/g, "\\$&")}"`;
}
