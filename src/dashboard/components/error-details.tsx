/** An error where it happened, with its stack, its issues and its causes. */
import type { Failure } from "../../event/failure.ts";

export function ErrorDetails({ error }: { error: Failure }) {
	const { name, message, stack, issues, cause, errors = [] } = error;
	const nested = [...(cause ? [cause] : []), ...errors];
	const title = `${name}: ${message}`;
	if (stack === undefined && !issues && nested.length === 0)
		return <p class="wrong">{title}</p>;
	return (
		<details class="error">
			<summary>{title}</summary>
			{issues && (
				<ul>
					{issues.map(({ path, message }) => (
						<li>
							<code>{path}</code> {message}
						</li>
					))}
				</ul>
			)}
			{stack !== undefined && <pre tabindex={0}>{stack}</pre>}
			{nested.map((one) => (
				<>
					<p class="muted">caused by</p>
					<ErrorDetails error={one} />
				</>
			))}
		</details>
	);
}
