import { Page } from "../../parts/Frame.tsx";

export default function Me() {
  return (
    <Page title="My care">
      <p>This page is not built yet.</p>
    </Page>
  );
}
