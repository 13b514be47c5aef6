import { Page } from "../../parts/Frame.tsx";

export default function Meeting() {
  return (
    <Page title="Meeting">
      <p>This page is not built yet.</p>
    </Page>
  );
}
