import { Page } from "../../parts/Frame.tsx";

export default function MyDay() {
  return (
    <Page title="My day">
      <p>This page is not built yet.</p>
    </Page>
  );
}
