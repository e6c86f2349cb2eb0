/** The forms of a dead letter: its body, which can be edited and replayed, and the discard. They carry out nothing. */

import type { StoredDeadLetter } from "../../event/dead-letter.ts";

import { AS_TYPED, type Draft, Form, Refusal } from "../form.tsx";
import { useView } from "../view.ts";
import { BodyStart, editableText } from "./event-body.tsx";
import { Irreversible } from "./irreversible.tsx";
import { Json } from "./json.tsx";

/** Characters of a body that can be edited. A page must stay below 100 KB. */
const MOST_SHOWN = 12_000;

/** The text that the form starts with, and that means the stored body; empty for one that is too long, or gone. */
export function editable({ body, cause }: StoredDeadLetter): string {
	// Only the deploy that wrote it knows what it contains.
	if (body === null || cause === "newer_version") return "";
	return editableText(body, MOST_SHOWN);
}

/** The body, for a caller who may not replay it. */
export function StoredBody({ stored }: { stored: StoredDeadLetter }) {
	const { body } = stored;
	const text = editable(stored);
	if (body === null)
		return <p class="muted">The body has expired: it was stored on its own.</p>;
	return text ? (
		<Json text={text} />
	) : (
		<BodyStart body={body} to={bodyPath(stored.id)} />
	);
}

function bodyPath(id: string): string {
	return `/dead-letters/${encodeURIComponent(id)}/body`;
}

export function ReplayForm({
	stored,
	draft,
}: {
	stored: StoredDeadLetter;
	draft: Draft | undefined;
}) {
	const { base } = useView();
	const { id, handler, state, body, cause } = stored;
	const path = `/dead-letters/${encodeURIComponent(id)}`;
	const text = editable(stored);
	const isEditable = cause !== "newer_version";
	return (
		<Form to={`${path}/replay`} class="edit">
			{text === "" && body !== null && (
				<BodyStart body={body} to={bodyPath(id)} />
			)}
			{isEditable && (
				<div class="field">
					<label for="body">{text ? "Body" : "Another body (optional)"}</label>
					<textarea
						id="body"
						name="body"
						data-key="r"
						rows={Math.min(24, Math.max(6, text.split("\n").length + 1))}
						{...AS_TYPED}
						required={body === null}
						aria-describedby="check"
						hx-post={`${base}${path}/check`}
						hx-trigger="input changed delay:400ms"
						hx-target="#check"
						hx-swap="innerHTML"
					>
						{draft?.fields.get("body") ?? text}
					</textarea>
				</div>
			)}
			<div id="check" aria-live="polite">
				{draft && <Refusal wrong={draft.wrong} />}
			</div>
			{state !== "dead" && (
				<label class="check">
					<input type="checkbox" name="again" value="yes" required />{" "}
					{state === "resolved"
						? "It was delivered. Run the handler once more"
						: "Its replay has not ended. Replay it once more"}
				</label>
			)}
			<div class="inline">
				<button
					class="main"
					type="submit"
					data-key={isEditable ? undefined : "r"}
				>
					Replay 1 dead letter
				</button>
				<span class="muted">
					Runs only <span class="mono">{handler}</span>, from attempt 1.
				</span>
			</div>
		</Form>
	);
}

export function DiscardForm({ stored }: { stored: StoredDeadLetter }) {
	const { id, handler, head } = stored;
	return (
		<Irreversible
			title="Discard"
			to={`/dead-letters/${encodeURIComponent(id)}/discard`}
			button="Discard 1 dead letter"
		>
			Gives up 1 delivery: <b>{head.name}</b> to{" "}
			<span class="mono">{handler || "no handler"}</span>. The body is deleted,
			and it cannot be replayed any more. Other handlers of the event are not
			affected.
		</Irreversible>
	);
}
