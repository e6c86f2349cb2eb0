/** The body of an event, if the journal has it, and the command that publishes it. */
import type { EventLife } from "../../journal/life.ts";
import { KeyHint, publishCommand } from "../snippets.tsx";
import { useView } from "../view.ts";
import { Json } from "./json.tsx";
import { Copyable } from "./list.tsx";

/** Whether the journal has the whole body. */
export function isWhole(life: EventLife): life is EventLife & { body: string } {
	return life.body !== undefined && life.bodyBytes === undefined;
}

export function Body({ life }: { life: EventLife }) {
	const { api } = useView();
	const { body, bodyBytes, name, tags } = life;
	return (
		<div class="section">
			<h2>Body</h2>
			{body === undefined ? (
				<p class="muted">
					The journal has no body of this event. By default it records bodies of
					events that have failed; <code>{'journal: { bodies: "all" }'}</code>{" "}
					in <code>tidings.config.ts</code> records all.
				</p>
			) : (
				<Json text={body} />
			)}
			{bodyBytes !== undefined && (
				<p class="muted">
					The journal has the start of {bodyBytes} bytes;{" "}
					<code>journal.maxBytes</code> in <code>tidings.config.ts</code>{" "}
					records more.
				</p>
			)}
			{isWhole(life) && (
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
