use fluence_tests::scene::Scene;
use serde_json::json;
#[tokio::test]
async fn scratch() {
    let scene = Scene::new("scratch").await.unwrap();
    let mut b = scene.browser("alice", None).unwrap();
    b.open().await.unwrap();
    b.driver().unwrap().goto(scene.site.url("/")).await.unwrap();
    println!(
        "{:?}",
        b.driver()
            .unwrap()
            .execute_async(fluence_tests::site::RECORD_VIDEO, vec![json!("waves.webm")])
            .await
            .unwrap()
            .json()
    );
    println!("{:?}", scene.site.file("waves.webm").map(|f| f.len()));
    b.driver().unwrap().refresh().await.unwrap();
    println!("{:?}", b.driver().unwrap().execute_async("const done=arguments[0]; const v=document.querySelector('video'); setTimeout(()=>done([v.readyState,v.currentTime,v.videoWidth]),1500)", vec![]).await.unwrap().json());
    b.picture("v").await.unwrap();
}
