/** Shows JSON text, with its keys and values in colours. Long text has none, because each part needs an element. */
import { prettyParts } from "../json-text.ts";

const MOST_PARTS = 600;

export function Json({ text }: { text: string }) {
	const parts = prettyParts(text);
	const isLong = parts.length > MOST_PARTS;
	return (
		<pre class="json wrap" tabindex={0}>
			{isLong
				? parts.map(({ text }) => text).join("")
				: parts.map(({ text, kind }) =>
						kind ? <span class={kind}>{text}</span> : text,
					)}
		</pre>
	);
}
