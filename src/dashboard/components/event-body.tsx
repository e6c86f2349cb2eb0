/** The body of an event, if the journal has it, and the command that publishes it. */
import type { EventLife } from "../../journal/life.ts";
import { prettyJson } from "../json-text.ts";
import { KeyHint, publishCommand } from "../snippets.tsx";
import { useView } from "../view.ts";
import { countText } from "./count.tsx";
import { Json } from "./json.tsx";
import { Copyable } from "./list.tsx";

/** Whether the journal has the whole body. */
export function isWhole(life: EventLife): life is EventLife & { body: string } {
	return life.body !== undefined && life.bodyBytes === undefined;
}

/** Characters of a body of which the page has three copies. A page must stay below 100 KB. */
const MOST_SHOWN = 6_000;

/** Returns JSON text with line breaks; empty for a body that is too long to be edited on a page. */
export function editableText(body: string, most = MOST_SHOWN): string {
	const text = body.length <= most ? prettyJson(body) : "";
	return text.length <= 2 * most ? text : "";
}

/** The start of a body that is too long for a page. @param to the path of the whole body */
export function BodyStart({ body, to }: { body: string; to: string }) {
	const { base } = useView();
	return (
		<>
			<pre class="wrap" tabindex={0}>
				{body.slice(0, 2_000)}
			</pre>
			<p class="muted">
				The start of {countText(body.length, "character")}.{" "}
				<a href={base + to}>Open the whole body</a>
			</p>
		</>
	);
}

export function Body({ life }: { life: EventLife }) {
	const { api } = useView();
	const { id, body, bodyBytes, queuedMs, name, tags } = life;
	const isShort = body !== undefined && editableText(body) !== "";
	return (
		<div class="section">
			<h2>Body</h2>
			{body === undefined && queuedMs === undefined && (
				<p class="muted">
					The journal has no body of this event yet: it records bodies when
					handlers have run.
				</p>
			)}
			{body === undefined && queuedMs !== undefined && (
				<p class="muted">
					The journal has no body of this event. By default it records bodies of
					events that have failed; <code>{'journal: { bodies: "all" }'}</code>{" "}
					in <code>tidings.config.ts</code> records all.
				</p>
			)}
			{body !== undefined && isShort && <Json text={body} />}
			{body !== undefined && !isShort && (
				<BodyStart body={body} to={`/events/${id}/body`} />
			)}
			{bodyBytes !== undefined && (
				<p class="muted">
					The journal has the start of {bodyBytes} bytes;{" "}
					<code>journal.maxBytes</code> in <code>tidings.config.ts</code>{" "}
					records more.
				</p>
			)}
			{isWhole(life) && isShort && (
				<details class="card fold">
					<summary>Copy as curl</summary>
					<div class="inside">
						<Copyable text={publishCommand(api, name, life.body, { tags })} />
						<KeyHint scope="publish" />
					</div>
				</details>
			)}
		</div>
	);
}
