/** The form that publishes an event again, with an edited body. It opens the new event. */
import type { EventLife } from "../../journal/life.ts";
import { AS_TYPED, Form } from "../form.tsx";
import { prettyJson } from "../json-text.ts";
import { isWhole } from "./event-body.tsx";

/** A body that was refused: it is shown again, with the reason. */
export interface Draft {
	text: string;
	wrong: string;
}

export function PublishAgain({
	life,
	draft,
}: {
	life: EventLife;
	draft?: Draft | undefined;
}) {
	const { id, name, tags } = life;
	return (
		<details class="card fold" data-key="r" open={draft !== undefined}>
			<summary>Publish again</summary>
			<div class="inside">
				<Form to={`/events/${id}/publish`}>
					<p class="muted">
						Publishes one new <b>{name}</b> to all its handlers, and opens it.
						This event stays as it is.
					</p>
					<div class="field">
						<label for="body">Body</label>
						<textarea id="body" name="body" rows={12} {...AS_TYPED} required>
							{draft?.text ?? (isWhole(life) ? prettyJson(life.body) : "")}
						</textarea>
						{draft && (
							<p class="wrong" role="alert">
								{draft.wrong}
							</p>
						)}
					</div>
					{tags && (
						<label class="check">
							<input type="checkbox" name="tags" value="same" checked /> with
							the same tags
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
