/** The form that publishes an event again, with an edited body. It opens the new event. */
import type { EventLife } from "../../journal/life.ts";

import { AS_TYPED, type Draft, Form, Refusal } from "../form.tsx";
import { OnceField } from "../publish-once.tsx";
import { editableText, isWhole } from "./event-body.tsx";

export function PublishAgain({
	life,
	draft,
}: {
	life: EventLife;
	draft: Draft | undefined;
}) {
	const { id, name, tags } = life;
	const stored = isWhole(life) ? editableText(life.body) : "";
	const hasTags = !draft || draft.fields.has("tags");
	return (
		<details class="card fold" data-key="r" open={draft !== undefined}>
			<summary>Publish again</summary>
			<div class="inside">
				<Form to={`/events/${id}/publish`}>
					<OnceField draft={draft} />
					<p class="muted">
						Publishes one new <b>{name}</b> to all its handlers, and opens it.
						This event stays as it is.
					</p>
					<div class="field">
						<label for="body">Body</label>
						<textarea id="body" name="body" rows={12} {...AS_TYPED} required>
							{draft?.fields.get("body") ?? stored}
						</textarea>
						{draft && <Refusal wrong={draft.wrong} />}
					</div>
					{tags && (
						<label class="check">
							<input
								type="checkbox"
								name="tags"
								value="same"
								checked={hasTags}
							/>{" "}
							with the same tags
						</label>
					)}
					<button class="main" type="submit">
						Publish 1 event
					</button>
				</Form>
			</div>
		</details>
	);
}
