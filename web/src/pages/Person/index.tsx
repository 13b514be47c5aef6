import { Page } from "../../parts/Frame.tsx";

export default function Person() {
  return (
    <Page title="Person">
      <p>This page is not built yet.</p>
    </Page>
  );
}
