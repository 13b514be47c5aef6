import { Page } from "../../parts/Frame.tsx";

export default function Team() {
  return (
    <Page title="Team">
      <p>This page is not built yet.</p>
    </Page>
  );
}
