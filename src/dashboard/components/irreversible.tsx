/** A folded form for an action that cannot be undone. It says what is affected, and how many. */
import type { PropsWithChildren } from "hono/jsx";
import { Form } from "../form.tsx";

/** @param children what the action does */
export function Irreversible({
	title,
	to,
	button,
	children,
}: PropsWithChildren<{ title: string; to: string; button: string }>) {
	return (
		<details class="card fold">
			<summary>{title}</summary>
			<div class="inside">
				<Form to={to}>
					<p class="muted">{children}</p>
					<button class="danger" type="submit">
						{button}
					</button>
				</Form>
			</div>
		</details>
	);
}
