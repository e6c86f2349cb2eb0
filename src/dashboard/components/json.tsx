/** Shows JSON text, with its keys and values in colours. Long text has none, because each part needs an element. */
import { prettyTokens } from "../json-text.ts";

const MOST_TOKENS = 600;

export function Json({ text }: { text: string }) {
	const tokens = prettyTokens(text);
	const isLong = tokens.length > MOST_TOKENS;
	return (
		<pre class="json wrap" tabindex={0}>
			{isLong
				? tokens.map(({ text }) => text).join("")
				: tokens.map(({ text, kind }) =>
						kind ? <span class={kind}>{text}</span> : text,
					)}
		</pre>
	);
}
